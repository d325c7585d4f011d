"""Two duties in one hand for a time: Lena signs releases, and is to be an administrator of payments while Omar is away."""

from __future__ import annotations

from workflows.approval.examples.company import LINES, line
from workflows.approval.examples.office import Office
from workflows.approval.model import RefuseRequest, ReportDone, Withdraw
from workflows.kernel.workflow import Example

SIGNS = line("lena", "release:sign")
ADMIN = line("lena", "payments:admin")


def allowed(office: Office, days: int = 10) -> str:
    """An exception for Lena that Dana said yes to; gives its case."""
    case = office.ask_pair(days=days)
    office.approve(case, "dana", "Ravi reads the log of both every evening.")
    return case


def pairs(office: Office) -> list[Example]:
    """From the exception over the access that rests on it to the list that shows one of the two gone."""
    office.pull([*LINES, SIGNS])
    case = office.ask_pair(days=10)
    found = [office.example("pair_asked", case)]
    office.approve(case, "dana", "Ravi reads the log of both every evening.")
    found += [office.example("pair_allowed", case), office.example("holder_of_a_pair", "approval/holder/P-lena")]
    access = office.ask(length="7d")
    found.append(office.example("completes_a_pair", access))
    for name in ("tom", "maya"):
        office.approve(access, name)
    found.append(office.example("holder_under_a_pair", "approval/holder/P-lena"))
    office.tell(access, ReportDone(task="grant"), "omar")
    office.later(hours=1)
    office.pull([*LINES, SIGNS, ADMIN])
    office.later(days=9)
    office.tick()
    found.append(office.example("pair_ends_soon", case))
    office.later(days=2)
    office.tick()
    found.append(office.example("pair_still_held", case))
    office.later(hours=1)
    office.pull([*LINES, SIGNS])
    return [*found, office.example("pair_parted", case)]


def unused_pairs(office: Office) -> list[Example]:
    """Refused; taken back before and after the yes; over with nothing held."""
    case = office.ask_pair(days=10)
    shown = office.state(case).stamp
    office.tell(case, RefuseRequest(step=0, shown=shown, reason="Two others can sign this fortnight."), "dana")
    found = [office.example("pair_refused", case)]
    case = allowed(office)
    office.tell(case, Withdraw(reason="Omar is back sooner."), "dana")
    found += [
        office.example("pair_taken_back", case),
        office.example("holder_without_a_pair", "approval/holder/P-lena"),
    ]
    case = allowed(office, days=2)
    office.later(days=3)
    office.pull(LINES)
    office.tick()
    return [*found, office.example("pair_over", case)]
