"""`account list`, `use`, `show`, `instances`, `logout`; and what an account in use changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.accounts import Login, found
from tests.cli.support import document, screen
from tests.support.circuits import BELL


@pytest.fixture
def login(cli, service) -> Login:
    """Be logged in, as `ibm`, without a check."""
    login = Login(cli, service["url"], service["api_key"], service["crn"])
    login("--no-check", "--instance", login.crn)
    return login


@pytest.fixture
def variables(cli, service) -> dict[str, str]:
    """Return an environment that describes an account, all but its instance."""
    return {
        **cli.env,
        "IBMQBATCH_URL": f"{service['url']}/api/v1",
        "IBMQBATCH_IAM_URL": service["url"],
        "IBMQBATCH_TOKEN": service["api_key"],
    }


@pytest.fixture
def save(cli, tmp_path: Path):
    """Return a function that writes Qiskit's file of accounts."""

    def write(**accounts: object) -> Path:
        path = Path(cli.env["HOME"]) / ".qiskit" / "qiskit-ibm.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(accounts))
        return path

    return write


OLD = {"channel": "ibm_quantum", "token": "an-old-secret"}


def lines(text: str) -> dict[str, list[str]]:
    """Return lines of fields by their first one."""
    return {line.split("\t")[0]: line.split("\t")[1:] for line in text.splitlines()}


def test_the_list_tells_what_there_is_and_what_is_in_use(login, save):
    save(old=OLD)
    listed = lines(login.cli("account", "list").out)
    assert list(listed) == ["local", "ibm", "qiskit:old"]
    assert [fields[1] for fields in listed.values()] == ["-", "in use", "-"]
    assert listed["ibm"][2:] == [f"{login.url}/api/v1", login.crn]
    assert "shut down" in listed["qiskit:old"][4]


def test_the_list_is_of_the_schema(login, save):
    save(old=OLD)
    done = login.cli("account", "list", "--json")
    told = document(done, "account list")["data"]["accounts"]
    assert [item["kind"] for item in told] == ["local", "stored", "qiskit"]
    assert [item["in_use"] for item in told] == [False, True, False]
    assert "secret" not in done.out


def test_the_list_asks_and_starts_nothing(lone_cli):
    lone_cli("account", "list")
    assert not (lone_cli.home / "local").exists()


def test_a_damaged_file_of_qiskit_leaves_the_other_accounts_usable(login, save):
    save().write_text("{")
    done = login.cli("account", "list")
    assert list(lines(done.out)) == ["local", "ibm"]
    assert "qiskit-ibm.json" in done.err
    login.cli("backends", "--account", "qiskit:x", code=1)


def test_a_damaged_file_of_ours_is_told_and_local_stays_usable_by_name(cli):
    (cli.home / "accounts.json").write_text("{")
    for words in (("account", "list"), ("account", "use", "local"), ("backends",)):
        assert "damaged" in cli(*words, code=1).err
    cli("backends", "--account", "local")
    assert (cli.home / "accounts.json").read_text() == "{"


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_screens_hold_names_as_whole_as_they_can(login, save, columns):
    name = "default-ibm-quantum-platform"
    save(**{name: {"channel": "ibm_cloud", "token": "k", "instance": login.crn}, "old": OLD})
    shown = screen(login.cli, columns, "account", "list")
    assert any(f"qiskit:{name}"[: columns - 33] in line for line in shown)
    assert any(line.startswith("*  ibm") for line in shown)
    for words in (("show", "--origin"), ("instances",), ("show", "local")):
        assert screen(login.cli, columns, "account", *words)


def test_the_account_in_use_is_taken_where_none_is_named(login, circuits):
    assert "--backend" in login.cli("submit", circuits(a=BELL), code=2).err
    done = login.cli("submit", circuits(a=BELL), "--backend", "ideal_simulator", "--wait")
    assert "'ibm'" in done.err
    told = login.cli.data("status", "latest")["job_set"]
    assert told["account"] == "ibm"


def test_use_chooses_another(login):
    assert "'local'" in login.cli("account", "use", "local").err
    assert lines(login.cli("account", "list").out)["local"][1] == "in use"
    told = login.cli("account", "use", "ibm", "--json")
    assert document(told, "account use")["data"]["account"]["in_use"]


def test_use_takes_an_account_of_qiskit_by_name(login, save):
    save(lab={"channel": "ibm_cloud", "token": "k", "instance": login.crn})
    login.cli("account", "use", "qiskit:lab")
    assert lines(login.cli("account", "show").out)["name"] == ["qiskit:lab"]


@pytest.mark.parametrize("name", ["nope", "qiskit:nope", "qiskit:old", "environment", ""])
def test_use_refuses_what_cannot_be_used(login, save, name):
    save(old=OLD)
    login.cli("account", "use", name, code=4)
    assert lines(login.cli("account", "list").out)["ibm"][1] == "in use"


def test_use_mentions_variables_that_go_before_it(login, variables):
    assert "IBMQBATCH_TOKEN" in login.cli("account", "use", "local", env=variables).err


def origins(cli, *words: str, env=None) -> dict[str, list[str]]:
    return lines(cli("account", "show", "--origin", *words, env=env).out)


def test_values_from_the_file_are_told_as_such(login):
    told = origins(login.cli)
    file = f"file {login.path}"
    assert told["name"] == ["ibm", file]
    assert told["service"] == [f"{login.url}/api/v1", file]
    assert told["instance"] == [login.crn, file]
    assert told["IAM"] == [login.url, "derived from the URL"]
    assert told["API key"][1] == file
    assert told["API key"][0].startswith("44 characters, id ")
    assert told["submissions"] == ["5 in 60 s", "default"]


def test_values_that_follow_from_others_are_told_as_such(login):
    login("eu", "--no-check", "--instance", login.crn.replace("us-east", "eu-de"), at=False)
    told = origins(login.cli, "eu")
    assert told["name"] == ["eu", "named in the command"]
    assert told["service"] == [
        "https://eu-de.quantum.cloud.ibm.com/api/v1",
        "derived from the instance",
    ]
    assert told["IAM"] == ["https://iam.cloud.ibm.com", "default"]


def test_values_from_variables_are_told_as_such(cli, variables):
    env = {**variables, "IBMQBATCH_PACE": "7"}
    told = origins(cli, env=env)
    assert told["name"] == ["environment", "environment variable IBMQBATCH_TOKEN"]
    assert told["service"][1] == "environment variable IBMQBATCH_URL"
    assert told["IAM"][1] == "environment variable IBMQBATCH_IAM_URL"
    assert told["instance"] == ["the only one that the key reaches", "asked for when needed"]
    assert told["submissions"] == ["7 in 60 s", "environment variable IBMQBATCH_PACE; default"]
    env["IBMQBATCH_ACCOUNT"] = "local"
    assert origins(cli, env=env)["name"] == ["local", "environment variable IBMQBATCH_ACCOUNT"]


def test_values_of_a_newcomer_are_defaults(cli):
    assert origins(cli)["name"] == ["local", "default"]


def test_without_origin_only_values_are_shown(login):
    assert lines(login.cli("account", "show").out)["name"] == ["ibm"]


def test_the_document_holds_values_and_origins(login):
    done = login.cli("account", "show", "--json")
    told = document(done, "account show")["data"]["account"]
    assert told["key"]["characters"] == 44
    assert told["origins"]["instance"] == f"file {login.path}"
    assert login.key not in done.out


@pytest.mark.parametrize("name", ["nope", "qiskit:old", "environment"])
def test_what_cannot_be_used_is_not_shown_but_told(login, save, name):
    save(old=OLD)
    done = login.cli("account", "show", name, code=4)
    assert "hint: " in done.err
    assert "secret" not in done.err


def test_the_instance_may_be_left_to_the_key(cli, variables, circuits):
    words = ("submit", circuits(a=BELL), "--backend", "ideal_simulator", "--wait")
    assert "'environment'" in cli(*words, env=variables).err
    cli("backends", env={**variables, "IBMQBATCH_INSTANCE": "local"})
    assert "'nope'" in cli("backends", env={**variables, "IBMQBATCH_INSTANCE": "nope"}, code=4).err


def test_instances_are_those_that_the_key_reaches(login):
    (fields,) = (line.split("\t") for line in login.cli("account", "instances").out.splitlines())
    assert fields == ["local", "Local", "us-east", "ANY", login.crn, "in use"]


def test_instances_of_any_account_are_listed(cli, variables, service):
    for words, env in ((("--account", "local"), cli.env), ((), variables)):
        done = cli("account", "instances", *words, "--json", env=env)
        (told,) = document(done, "account instances")["data"]["instances"]
        assert (told["crn"], told["in_use"]) == (service["crn"], True)


def test_of_several_instances_none_is_in_use_unless_it_is_named(cli, variables, proxy):
    env = {**variables, "IBMQBATCH_IAM_URL": proxy.url}
    proxy.when("POST", "/v3/resources/search", times=2, status=200, body=found("one", "two"))
    assert "in use" not in cli("account", "instances", env=env).out
    env["IBMQBATCH_INSTANCE"] = "two"
    one, two = cli("account", "instances", env=env).out.splitlines()
    assert "in use" not in one
    assert two.endswith("in use")


def test_a_key_that_reaches_no_instance_is_told(cli, variables, proxy):
    env = {**variables, "IBMQBATCH_IAM_URL": proxy.url}
    proxy.when("POST", "/v3/resources/search", times=2, status=200, body=b'{"items": []}')
    done = cli("account", "instances", env=env)
    assert (done.out, "no instance" in done.err) == ("", True)
    assert document(cli("account", "instances", "--json", env=env), "account instances")


def test_logout_removes_the_key_and_falls_back_to_local(login):
    done = login.cli("account", "logout", "ibm")
    assert "now 'local' is" in done.err
    assert login.key not in login.path.read_text()
    assert list(lines(login.cli("account", "list").out)) == ["local"]


def test_logout_of_another_account_changes_nothing_else(login):
    login("two", "--no-check", "--instance", login.crn)
    told = document(login.cli("account", "logout", "two", "--json"), "account logout")
    assert told["data"]["account"]["name"] == "ibm"


@pytest.mark.parametrize("name", ["nope", "local", "environment", "qiskit:old"])
def test_logout_of_what_is_not_stored_is_refused(login, save, name):
    path = save(old=OLD)
    assert "ibm" in login.cli("account", "logout", name, code=4).err
    assert "an-old-secret" in path.read_text()


def test_logout_warns_of_sets_that_cannot_go_on(login, circuits):
    login.cli.submit(circuits(a=BELL), "--backend", "ideal_simulator", "--detach")
    assert "1 unfinished set" in login.cli("account", "logout", "ibm").err
    assert "'ibm'" in login.cli("resume", "latest", code=4).err


def test_a_device_of_ibm_on_local_is_told_with_the_accounts_there_are(login):
    login.cli("account", "use", "local")
    assert "--account: ibm" in login.cli("backends", "ibm_fez", code=4).err
    login.cli("account", "logout", "ibm")
    assert "account login" in login.cli("backends", "ibm_fez", code=4).err
