"""An approval in plain words, as whoever signs in for it reads it."""

from __future__ import annotations

from workflows.approval.model import Approval, Approve
from workflows.approval.rules import State
from workflows.approval.rules.standing import title
from workflows.kernel.confirm import Wording, plainly
from workflows.kernel.model import Command


def confirming(state: State, command: Command) -> Wording:
    """Everything that the decision lets happen, with the digests of the request and its evidence."""
    if not isinstance(state, Approval) or not isinstance(command, Approve):
        return plainly(command)
    request = state.request
    told = [("Decision", f"Approve, step {command.step + 1} of {len(state.steps)}"), ("What", title(state))]
    if request.plain:
        told.append(("It means", request.plain))
    if request.requester is not None:
        told.append(("Asked by", request.requester.called()))
    if request.subject is not None:
        told.append(("For", request.subject.called()))
    if request.deploy is not None:
        told += [("Commit", request.deploy.commit), ("Started by", request.deploy.started_by)]
    if request.kind != "deploy":
        told.append(("Until", f"{request.until:%-d %b %Y, %H:%M} UTC" if request.until else "no end"))
    if request.pair is not None:
        told.append(("Done instead", request.pair.compensating))
    for pair in request.access.completes if request.access else ():
        told.append(("Conflict of duties", f"with {pair.duty.title}, allowed by {pair.exception}"))
    told += [("Why", request.reason)] if request.reason else []
    told += [("Earlier yes", f"{d.person.called()}, {d.at:%-d %b %Y, %H:%M} UTC") for d in state.decisions]
    told += [("Evidence", f.name) for f in state.files]
    return Wording(tuple(told), tuple(dict.fromkeys((request.digest(), *(f.sha256 for f in state.files)))))
