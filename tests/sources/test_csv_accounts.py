"""What a file of accounts means: every row is kept, an undeclared word is unknown, contradictions make the pull partial."""

from __future__ import annotations

from datetime import UTC, date, datetime
from time import perf_counter

import pytest

from tests.sources.world import DANA, MAYA, RAVI, TOM, World
from workflows.kernel.identity import Directory, LastUse, Line, Pull
from workflows.kernel.program import SourceConfig

HEADER = "id,login,name,mail,kind,active,mfa,role,where,since,used,path,owner"
COLUMNS = {
    "id": "id", "login": "login", "name": "name", "email": "mail", "kind": "kind", "active": "active", "mfa": "mfa",
    "entitlement": "role", "resource": "where", "granted_at": "since", "last_used": "used", "via": "path", "owner": "owner",
}  # fmt: skip


def pull(
    world: World, *rows: str, header: str = HEADER, columns: dict[str, str] | None = None, **program: object
) -> Pull:
    settings = {"file": "x.csv", "columns": columns or COLUMNS, **dict(program.pop("settings", {}))}  # type: ignore[arg-type]
    config = SourceConfig(id="github", kind="csv", system="GitHub", settings=settings, **program)  # type: ignore[arg-type]
    (world.folder / "x.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return world.pull(config)


def one(found: Pull) -> Line:
    assert found.certificate.verdict == "complete", found.certificate.reasons
    (line,) = found.lines
    return line


def test_a_row_is_one_access_of_one_account_with_every_fact(world: World) -> None:
    row = "17,maya,Maya Chen,maya@acme.test,human,yes,no,admin,platform,2026-01-02,2026-09-30T10:00:00+02:00,team:core,"

    line = one(
        pull(world, row, settings={"email_verified": True}, privileged=("admin",), plain={"admin": "Can do all"})
    )

    account, right = line.account, line.entitlement
    assert line.key == ("GitHub", "17", "platform/admin")
    assert (account.login, account.name, account.kind, account.active, account.mfa) == (
        "maya", "Maya Chen", "human", True, False,
    )  # fmt: skip
    assert (account.person, account.link, account.link_note) == (
        MAYA.id,
        "strong",
        "maya@acme.test, verified by GitHub",
    )
    assert (right.name, right.resource, right.plain, right.privileged) == ("admin", "platform", "Can do all", True)
    assert line.via == ("team:core",)
    assert line.granted_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert line.last_used == account.last_used == LastUse(at=datetime(2026, 9, 30, 8, tzinfo=UTC))
    assert account.unknown == {"created_at": "not_offered"}


def test_all_paths_of_one_access_are_one_line(world: World) -> None:
    line = one(
        pull(
            world,
            "17,maya,,,,,,admin,platform,2026-03-01,,team:core,",
            "17,maya,,,,,,admin,platform,2026-02-01,2026-05-05,direct,",
        )
    )

    assert line.via == ("direct", "team:core")
    assert line.granted_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert line.last_used.at == datetime(2026, 5, 5, tzinfo=UTC)


@pytest.mark.parametrize("word", ["", "maybe", "ja", "ACTIVE?", "null"])
def test_a_word_that_nobody_declared_is_unknown_and_never_no(world: World, word: str) -> None:
    account = one(pull(world, f"17,maya,,,{word},{word},{word},admin,,,,,")).account

    assert (account.active, account.mfa, account.kind) == (None, None, "unknown")
    assert account.unknown["active"] == account.unknown["mfa"] == account.unknown["kind"] == "absent"


def test_words_are_declared_in_the_program_in_any_case(world: World) -> None:
    settings = {"yes": ["Ja"], "no": ["nein"], "kinds": {"Roboter": "service"}, "dates": ["%d.%m.%Y"]}

    line = one(pull(world, "17,bot,,,roboter,JA,Nein,admin,,03.02.2026,,,", settings=settings))

    assert (line.account.active, line.account.mfa, line.account.kind) == (True, False, "service")
    assert line.granted_at == datetime(2026, 2, 3, tzinfo=UTC)


def test_a_field_without_a_column_is_not_offered(world: World) -> None:
    account = one(pull(world, "maya@acme.test", header="login", columns={"login": "login"})).account

    fields = ("active", "mfa", "created_at", "email", "email_verified", "kind", "last_used")
    assert account.unknown == dict.fromkeys(fields, "not_offered")
    assert (account.person, account.link) == (MAYA.id, "weak")


def test_an_account_without_an_entitlement_column_holds_the_account_itself(world: World) -> None:
    right = one(pull(world, "maya@acme.test", header="login", columns={"login": "login"})).entitlement

    assert (right.native_id, right.resource, right.name) == ("GitHub/account", "GitHub", "account")


def test_an_account_that_may_do_nothing_is_kept_without_a_line(world: World) -> None:
    found = pull(world, "17,maya,,,,,,admin,,,,,", "18,ravi,,,,,,,,,,,")

    assert found.certificate.verdict == "complete"
    assert [a.login for a in found.accounts] == ["maya", "ravi"]
    assert [line.account.login for line in found.lines] == ["maya"]


def test_a_row_that_names_nobody_is_kept_by_its_content(world: World) -> None:
    found = pull(world, ",,,,human,yes,,admin,,,,,", ",,,,human,yes,,viewer,,,,,")

    assert found.certificate.verdict == "complete"
    assert len(found.accounts) == 2
    assert all(a.native_id.startswith("row:") and a.kind == "unknown" and a.link == "orphan" for a in found.accounts)


def test_one_account_with_two_sets_of_facts_is_partial_and_names_both_lines(world: World) -> None:
    found = pull(world, "17,maya,,,,yes,,admin,,,,,", "17,maya,,,,no,yes,viewer,,,,,")

    assert found.certificate.verdict == "partial"
    assert found.certificate.reasons == (
        "The account 17 stands in lines 2 and 3 with different active, mfa. Mend the file.",
    )


def test_the_same_row_twice_is_counted_and_harmless(world: World) -> None:
    row = "17,maya,,,,yes,,admin,,,,,"

    found = pull(world, row, row, settings={"rows": 2})

    assert found.certificate.verdict == "complete"
    assert (len(found.lines), found.certificate.counts["repeated_rows"]) == (1, 1)


def test_fewer_rows_than_the_exporting_person_saw_is_partial(world: World) -> None:
    found = pull(world, "17,maya,,,,yes,,admin,,,,,", settings={"rows": 2})

    assert found.certificate.reasons[0].startswith("rows: 1 rows, but 2 expected (the count given with the file).")


def test_one_cell_may_hold_several_entitlements(world: World) -> None:
    found = pull(world, "17,maya,,,,,,admin | viewer|,,,,,", settings={"split": "|"})

    assert [line.entitlement.name for line in found.lines] == ["admin", "viewer"]


def test_an_entitlement_with_its_own_id_keeps_it_when_it_is_renamed(world: World) -> None:
    columns = {"login": "login", "entitlement": "role", "entitlement_id": "rid", "privileged": "adm", "plain": "says"}

    found = pull(world, "maya,Admin,r1,yes,Can do all", "ravi,Admin,r1,yes,Can do all", "dana,View,r2,no,",
                 header="login,role,rid,adm,says", columns=columns)  # fmt: skip

    rights = {line.entitlement.native_id: line.entitlement for line in found.lines}
    assert (rights["r1"].privileged, rights["r1"].plain, rights["r2"].privileged) == (True, "Can do all", None)


def test_an_entitlement_id_with_two_names_is_partial(world: World) -> None:
    columns = {"login": "login", "entitlement": "role", "entitlement_id": "rid"}

    found = pull(world, "maya,Admin,r1", "ravi,Root,r1", header="login,role,rid", columns=columns)

    assert found.certificate.reasons == (
        "line 3: the entitlement r1 stands in the file with two names, sentences or privileges. Mend the file.",
    )


def test_not_used_is_said_with_the_days_that_were_looked_at_and_never_as_never(world: World) -> None:
    line = one(
        pull(
            world,
            "17,maya,,,,,,admin,,,Never,,",
            settings={"not_used": ["never"], "observed_days": 90, "as_of": "pulled"},
        )
    )

    assert line.last_used == LastUse(none_since=date(2026, 7, 5))
    assert "last_used" not in line.account.unknown


def test_a_use_by_one_path_is_a_use_and_an_unwatched_path_makes_no_use_unknown(world: World) -> None:
    settings = {"not_used": ["-"], "observed_days": 90}

    line = one(pull(world, "17,m,,,,,,admin,,,-,direct,", "17,m,,,,,,admin,,,,team:a,", settings=settings))

    assert line.last_used == LastUse()


def test_privileged_comes_from_the_programs_lists_and_never_from_the_word_in_a_name(world: World) -> None:
    found = pull(
        world,
        "1,a,,,,,,superadmin,,,,,", "1,a,,,,,,prod-write,,,,,", "1,a,,,,,,viewer,,,,,",
        privileged=("prod-*",), ordinary=("GitHub/view*",),
    )  # fmt: skip

    assert {line.entitlement.name: line.entitlement.privileged for line in found.lines} == {
        "superadmin": None, "prod-write": True, "viewer": False,
    }  # fmt: skip


def test_a_service_account_is_declared_and_has_an_owner_who_is_a_person(world: World) -> None:
    found = pull(
        world,
        "1,ci-bot,,,,yes,,write,,,,,", "2,backup,,,service,yes,,write,,,,,Dana@acme.test", "3,old,,,shared,yes,,write,,,,,gone",
        service_accounts={"ci-bot": "ravi@acme.test"},
    )  # fmt: skip

    owners = {a.login: (a.kind, a.owner, a.person) for a in found.accounts}
    assert owners == {
        "ci-bot": ("service", RAVI.id, None), "backup": ("service", DANA.id, None), "old": ("shared", None, None),
    }  # fmt: skip


def test_the_owner_of_an_entitlement_is_a_person_of_the_directory(world: World) -> None:
    found = pull(world, "1,a,,,,,,admin,,,,,", entitlement_owners={"admin": "dana@acme.test"})

    assert found.lines[0].entitlement.owner == DANA.id


@pytest.mark.parametrize("active", ["yes", "no", ""])
def test_a_leaver_is_counted_while_an_account_or_a_grant_is_left(world: World, active: str) -> None:
    found = pull(world, f"1,tom@acme.test,,,,{active},,admin,,,,,", "2,maya@acme.test,,,,yes,,admin,,,,,")

    assert found.certificate.counts["leavers"] == 1
    assert found.lines[0].account.person == TOM.id


@pytest.mark.parametrize(
    "name", ["x" * 500, "مايا تشن", "Tom <!channel>", '=HYPERLINK("http://x")', "+1", "@x", "\u202eeve"]
)
def test_hostile_names_are_plain_data(world: World, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'

    line = one(pull(world, f"1,{quoted},{quoted},,,,,{quoted},,,,,"))

    assert line.account.name == line.account.login == line.entitlement.name == name


def test_no_directory_no_links_and_so_no_complete_pull(world: World) -> None:
    (world.folder / "x.csv").write_text("login\nmaya@acme.test\n", encoding="utf-8")
    config = SourceConfig(id="x", kind="csv", system="x", settings={"file": "x.csv", "columns": {"login": "login"}})

    found = world.pull(config, directory=Directory(people={}))

    assert found.certificate.reasons == (
        "The directory is empty, so no account can be linked to a person. Pull the directory first.",
    )


def test_tens_of_thousands_of_rows_are_read_in_reasonable_time(world: World) -> None:
    rows = [f"user{n // 4}@acme.test,role{n % 4}" for n in range(40_000)]
    begin = perf_counter()

    found = pull(world, *rows, header="login,role", columns={"login": "login", "entitlement": "role"})

    assert (len(found.accounts), len(found.lines), found.certificate.verdict) == (10_000, 40_000, "complete")
    assert perf_counter() - begin < 30


def test_a_shrunken_file_is_partial(world: World) -> None:
    rows = [f"u{n}@acme.test" for n in range(100)]
    columns = {"login": "login"}
    before = pull(world, *rows, header="login", columns=columns)
    config = SourceConfig(id="github", kind="csv", system="GitHub", settings={"file": "x.csv", "columns": columns})

    (world.folder / "x.csv").write_text("\n".join(["login", *rows[:79]]), encoding="utf-8")
    less = world.pull(config, previous=before)
    (world.folder / "x.csv").write_text("\n".join(["login", *rows[:80]]), encoding="utf-8")
    enough = world.pull(config, previous=before)

    assert less.certificate.previous_lines == 100
    assert less.certificate.reasons[0].startswith("79 lines, and 100 in the last complete pull: more than 20% fewer.")
    assert enough.certificate.verdict == "complete"
