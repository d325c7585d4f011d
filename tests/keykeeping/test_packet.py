"""What a packet's reader learns of a key that was ended: real keys, a real log, a real authority."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import ShiftedClock
from bot.packet.source import ExportRefused
from bot.packet.verify import verify
from tests.anchor.tsa import running_authority
from tests.keykeeping.office import Office, told
from tests.packet.damage import packed, unpacked
from tests.packet.reseal import resealed

MINUTE = timedelta(minutes=1)


def test_what_a_key_signed_before_it_was_retired_holds_and_what_it_signs_after_does_not(
    office: Office, tmp_path: Path
) -> None:
    clock = ShiftedClock()
    old, new = office.start("old.key", clock), office.start("new.key", clock)
    before = old.receive("AC-01")
    new.decided(old.signer.keyid)
    office.logged(new)
    whole = verify(office.packet(new, tmp_path / "whole.zip"))

    clock.advance(6 * MINUTE)
    after, by_successor = old.receive("AC-02", as_thief=True), new.receive("AC-03")
    office.logged(new)
    report = verify(office.packet(new, tmp_path / "later.zip"))

    assert whole.fine, whole.findings
    assert whole.verdicts[before] != "doubtful"
    assert {f.verdict for f in report.findings} == {"doubtful"}
    assert told(report.verdicts, [before, after, by_successor]) == ["no outside time", "doubtful", "no outside time"]
    assert [f.sentence for f in report.findings if "not valid" in f.sentence] == [
        f"Attestation {after[:16]}: it was signed at a time when its key was not valid."
    ]


def test_a_compromised_keys_attestation_holds_where_outside_time_shows_that_it_is_older(
    office: Office, tmp_path: Path
) -> None:
    old, new = office.start("old.key"), office.start("new.key")
    back_dating = office.start("old.key", ShiftedClock(-MINUTE))
    with running_authority(tmp_path / "tsa") as authority:
        older = old.receive("AC-01")
        office.logged(new, authority)
        time.sleep(1.1)  # an authority's time has whole seconds
        since = new.clock.now()
        time.sleep(1.1)
        case = new.decided(old.signer.keyid, since=since)
        forged = back_dating.receive("AC-02", as_thief=True)
        newer = old.receive("AC-03", as_thief=True)
        good = new.receive("AC-04")
        office.logged(new, authority)

    report = verify(office.packet(new, tmp_path / "packet.zip", stamped=True))

    assert new.names(case)[-1] == "key_compromised"
    assert told(report.verdicts, [older, forged, newer, good]) == ["valid", "doubtful", "doubtful", "valid"]
    why = {f.sentence.partition(": ")[2] for f in report.findings}
    assert why == {
        "its key was compromised later, and no outside time shows that it is older than that.",
        "its key was compromised by then.",
    }


def test_an_anchor_alone_shows_that_a_compromised_keys_attestation_is_older(office: Office, tmp_path: Path) -> None:
    old, new = office.start("old.key"), office.start("new.key")
    with running_authority(tmp_path / "tsa") as authority:
        older = old.receive("AC-01")
        office.logged(new, authority)
        time.sleep(1.1)
        new.decided(old.signer.keyid, since=new.clock.now())
        office.logged(new, authority)

    report = verify(office.packet(new, tmp_path / "packet.zip", stamped=True, anchors_only=True))

    assert report.verdicts[older] == "no outside time"
    assert report.fine, report.findings


def test_without_outside_time_everything_that_a_compromised_key_signed_is_doubtful(
    office: Office, tmp_path: Path
) -> None:
    old, new = office.start("old.key"), office.start("new.key")
    older = old.receive("AC-01")
    new.decided(old.signer.keyid, since=new.clock.now())
    good = new.receive("AC-02")
    office.logged(new)

    report = verify(office.packet(new, tmp_path / "packet.zip"))

    assert told(report.verdicts, [older, good]) == ["doubtful", "no outside time"]
    assert not report.fine


def test_a_compromised_key_writes_no_packet_and_its_successor_does(office: Office, tmp_path: Path) -> None:
    old, new = office.start("old.key"), office.start("new.key")
    with running_authority(tmp_path / "tsa") as authority:
        old.receive("AC-01")
        office.logged(new, authority)
        time.sleep(1.1)
        new.decided(old.signer.keyid, since=new.clock.now())
        office.logged(new, authority)

    with pytest.raises(ExportRefused, match="was declared compromised"):
        office.packet(old, tmp_path / "no.zip", stamped=True)

    assert not (tmp_path / "no.zip").exists()
    assert verify(office.packet(new, tmp_path / "yes.zip", stamped=True)).fine


def test_a_packet_whose_list_a_compromised_key_signed_is_doubtful(office: Office, tmp_path: Path) -> None:
    old, new = office.start("old.key"), office.start("new.key")
    with running_authority(tmp_path / "tsa") as authority:
        old.receive("AC-01")
        office.logged(new, authority)
        time.sleep(1.1)
        new.decided(old.signer.keyid, since=new.clock.now())
        office.logged(new, authority)
    files = unpacked(office.packet(new, tmp_path / "packet.zip", stamped=True))

    report = verify(packed(resealed(files, old.signer), tmp_path / "forged.zip"))

    assert set(report.verdicts.values()) == {"valid"}
    assert [(f.verdict, f.sentence) for f in report.findings] == [
        (
            "doubtful",
            "packet.json is signed with a key that was compromised. Ask for a packet that its successor signed.",
        )
    ]


def test_a_retired_key_writes_no_packet(office: Office, tmp_path: Path) -> None:
    old, new = office.start("old.key"), office.start("new.key")
    new.decided(old.signer.keyid)
    office.logged(new)

    with pytest.raises(ExportRefused, match="was retired"):
        office.packet(old, tmp_path / "no.zip")
