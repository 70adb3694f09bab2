"""`account login`: where the key comes from, what is checked, and that it is seen nowhere."""

from __future__ import annotations

import json

import pytest

from tests.cli.accounts import Login, found
from tests.cli.support import document
from tests.support.circuits import BELL
from tests.support.terminal import run_in_terminal, without_escapes

SEARCH = "/v3/resources/search"


@pytest.fixture
def login(cli, service) -> Login:
    """Log in to the service of this run."""
    return Login(cli, service["url"], service["api_key"], service["crn"])


@pytest.fixture
def watched(cli, service, proxy) -> Login:
    """Log in to it through the proxy."""
    return Login(cli, proxy.url, service["api_key"], service["crn"])


def typed(login: Login, *words: object, answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Log in on a terminal, typing these answers."""
    code, text = run_in_terminal(
        *login.words(*words), env=login.cli.env, cwd=login.cli.cwd, answers=answers
    )
    assert login.key not in text
    return code, without_escapes(text)


def test_a_key_from_standard_input_is_stored_and_used(login, circuits):
    done = login()
    assert "'ibm'" in done.err
    assert "in use" in done.err
    assert login.stored["ibm"]["token"] == login.key
    assert login.stored["ibm"]["instance"] == login.crn
    assert "ideal_simulator" in login.cli("backends").out
    login.cli("submit", circuits(a=BELL), "--backend", "ideal_simulator", "--wait")


def test_a_key_comes_from_a_file(login, tmp_path):
    (tmp_path / "key").write_text(f"{login.key}\n")
    login("--token-file", "key", key="")
    assert login.stored["ibm"]["token"] == login.key


def test_a_key_comes_from_the_file_that_ibm_cloud_offers(login, tmp_path):
    offered = {"name": "laptop", "description": "", "apikey": login.key}
    (tmp_path / "apikey.json").write_text(json.dumps(offered))
    login("--token-file", "apikey.json", key="")
    assert login.stored["ibm"]["token"] == login.key


def test_a_dash_stands_for_standard_input(login):
    login("--token-file", "-", key=f"\n {login.key} \r\n")
    assert login.stored["ibm"]["token"] == login.key


def test_a_key_that_is_typed_is_not_shown(login):
    code, text = typed(login, answers=[("API key", login.key)])
    assert code == 0, text
    assert "Logged in" in text
    assert login.stored["ibm"]["token"] == login.key


@pytest.mark.parametrize("key", ["", " \n", "two words", "two\nlines", "é", "{}", '{"apikey": 5}'])
def test_what_is_no_key_is_refused(login, key):
    done = login(key=key, code=4)
    assert "hint: " in done.err
    assert login.stored == {}


def test_a_file_without_a_key_is_refused(login, tmp_path):
    (tmp_path / "long").write_bytes(b"a" * 100_000)
    login("--token-file", "missing", code=1)
    login("--token-file", "/dev/null", code=4)
    login("--token-file", tmp_path, code=1)
    login("--token-file", "long", code=4)
    assert login.stored == {}


def test_a_key_that_is_not_accepted_is_neither_stored_nor_shown(login):
    wrong = "a-wrong-secret-key"
    for words in ((), ("-v",), ("--json",)):
        done = login(*words, key=wrong, code=4)
        assert wrong not in done.out + done.err
    assert login.stored == {}
    for log in login.cli.home.glob("logs/*"):
        assert wrong not in log.read_text()
    assert list(login.cli.home.glob("logs/*"))


def test_no_verb_shows_or_logs_a_key(login):
    shown = login("--json").out
    for words in (
        ("account", "list"),
        ("account", "list", "--json"),
        ("account", "show", "--origin"),
        ("account", "show", "--json"),
        ("account", "instances", "--json"),
        ("account", "use", "ibm", "--json"),
        ("backends", "nope", "-v"),
        ("account", "logout", "ibm", "--json"),
    ):
        done = login.cli(*words, code=None)
        shown += done.out + done.err
    assert login.key not in shown
    for path in login.cli.home.rglob("*"):
        if path.is_file() and path.name != "service.json":
            assert login.key.encode() not in path.read_bytes(), path


def test_a_service_that_is_away_is_told_and_nothing_is_stored(login, no_waits):
    login.url = "http://127.0.0.1:1"
    login(code=75)
    assert login.stored == {}


def test_an_instance_is_found_by_its_name(watched, proxy):
    names = found("other", "my lab")
    proxy.when("POST", SEARCH, body=names, status=200)
    watched("--instance", "my lab")
    assert watched.stored["ibm"]["instance"].endswith("my-lab::")
    assert watched.stored["ibm"]["instance_name"] == "my lab"


def test_an_instance_of_an_unknown_name_is_told_with_those_there_are(login):
    done = login("--instance", "nope", code=4)
    assert "local (us-east)" in done.err
    assert login.stored == {}


def test_an_instance_by_its_crn_is_not_searched_for(watched, proxy):
    watched("--instance", watched.crn.removesuffix("::"))
    assert watched.stored["ibm"]["instance"] == watched.crn
    assert proxy.count("POST", SEARCH) == 0


def test_an_instance_that_the_service_refuses_is_not_stored(watched, proxy):
    body = json.dumps({"errors": [{"code": 1279, "message": "Instance not found"}]}).encode()
    proxy.when("GET", "/backends", status=404, body=body)
    assert "Instance not found" in watched("--instance", watched.crn, code=4).err
    assert watched.stored == {}


def test_a_key_of_several_instances_wants_one_named(watched, proxy):
    proxy.when("POST", SEARCH, body=found("one", "two"), status=200, times=2)
    assert "one (us-east), two (us-east)" in watched(code=2).err
    told = document(watched("--json", code=2), "account login", 2)
    assert [item["name"] for item in told["data"]["instances"]] == ["one", "two"]
    assert watched.stored == {}


def test_one_of_several_instances_is_chosen_on_a_terminal(watched, proxy):
    proxy.when("POST", SEARCH, body=found("one", "two"), status=200)
    key = ("API key", watched.key)
    answers = [key, ("[1-2]", "3"), ("[1-2]", "two"), ("[1-2]", "2")]
    code, text = typed(watched, answers=answers)
    assert code == 0, text
    assert "2  two" in text
    assert watched.stored["ibm"]["instance_name"] == "two"


def test_no_answer_chooses_nothing(watched, proxy):
    proxy.when("POST", SEARCH, body=found("one", "two"), status=200)
    code, _ = typed(watched, answers=[("API key", watched.key), ("[1-2]", "")])
    assert code == 2
    assert watched.stored == {}


def test_a_key_without_instances_is_told(watched, proxy):
    proxy.when("POST", SEARCH, body=b'{"items": []}', status=200)
    assert "no instance" in watched(code=4).err


def test_without_a_check_nobody_is_asked(watched, proxy):
    watched("--no-check", "--instance", watched.crn)
    assert proxy.seen == []
    assert watched.stored["ibm"]["instance"] == watched.crn


def test_without_a_check_the_crn_is_needed(login):
    login("--no-check", code=2)
    login("--no-check", "--instance", "name", code=2)
    login("--no-check", "--instance", "crn:cut", at=False, code=4)
    assert login.stored == {}


def test_an_account_is_not_replaced_by_accident(login):
    login()
    done = login(key="", code=2)  # before a key is asked for
    assert "--force" in done.err
    login("--force", "--no-check", "--instance", login.crn, key="another-key")
    assert login.stored["ibm"]["token"] == "another-key"


@pytest.mark.parametrize(("answer", "replaced"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_replacing_is_asked_about(login, answer, replaced):
    login("--no-check", "--instance", login.crn, key="an-old-key")
    key = [("API key", login.key)] if replaced else []
    code, _ = typed(login, answers=[("Replace", answer), *key])
    assert code == (0 if replaced else 2)
    assert (login.stored["ibm"]["token"] == login.key) is replaced


@pytest.mark.parametrize("name", ["local", "environment", "qiskit:x", "a\x1bb"])
def test_names_that_mean_something_else_are_refused(login, name):
    assert "\x1b" not in login(name, key="", code=2).err
    assert login.stored == {}


def test_the_second_login_leaves_the_first_in_use_unless_told_otherwise(login):
    login("one")
    assert "In use is 'one'" in login("two").err
    assert "It is in use" in login("three", "--use").err
    login("four", "--no-use")
    assert json.loads(login.path.read_text())["in_use"] == "three"


def test_the_first_login_can_stay_out_of_use(login):
    assert "In use is 'local'" in login("--no-use").err


def test_variables_that_go_before_the_account_are_mentioned(login):
    env = {**login.cli.env, "IBMQBATCH_TOKEN": "x"}
    assert "IBMQBATCH_TOKEN" in login(env=env).err


def test_variables_tell_where_to_log_in(login):
    env = {
        **login.cli.env,
        "IBMQBATCH_URL": f"{login.url}/api/v1",
        "IBMQBATCH_IAM_URL": login.url,
    }
    login(at=False, env=env)
    assert login.stored["ibm"]["url"] == f"{login.url}/api/v1"
    assert login.stored["ibm"]["iam_url"] == login.url


def test_variables_that_are_an_account_do_not_tell_where_to_log_in(login):
    env = {
        **login.cli.env,
        "IBMQBATCH_TOKEN": "x",
        "IBMQBATCH_URL": f"{login.url}/api/v1",
    }
    words = ("--no-check", "--instance", login.crn)
    login(*words, at=False, env=env)
    assert "url" not in login.stored["ibm"]


def test_the_way_to_the_service_is_stored(login, tmp_path):
    (tmp_path / "ca.pem").write_text("")
    words = ("--no-check", "--instance", login.crn, "--private-endpoint")
    login(*words, "--ca-bundle", "ca.pem", "--proxy", "u:pw@proxy:3128", at=False)
    entry = login.stored["ibm"]
    assert entry["ca_bundle"] == str(tmp_path / "ca.pem")
    assert entry["proxy"] == "http://u:pw@proxy:3128"
    shown = login.cli("account", "show")
    assert "private.us-east" in shown.out
    assert "pw" not in shown.out


@pytest.mark.parametrize(
    "words",
    [
        ("--url", "odd"),
        ("--url", "http://u:secret@h"),
        ("--iam-url", "ftp://h"),
        ("--proxy", "socks5://u:secret@h"),
        ("--ca-bundle", "missing.pem"),
        ("--instance", ""),
        ("--instance", "é"),
        ("--url", "http://h", "--private-endpoint"),
    ],
)
def test_what_leads_nowhere_is_refused_before_a_key_is_asked_for(login, words):
    done = login(*words, at=False, key="", code=2)
    assert "secret" not in done.err
    assert "hint: " in done.err


def test_a_key_that_goes_in_plain_text_is_warned_of(login):
    where = ("--url", "http://192.0.2.1/api/v1", "--iam-url", "http://192.0.2.1")
    done = login(*where, "--no-check", "--instance", login.crn, at=False)
    assert "Warning" in done.err
    assert "Warning" not in login("two").err


def test_a_damaged_file_is_left_alone(login):
    login.cli.home.mkdir(exist_ok=True)
    login.path.write_text("{")
    assert "damaged" in login(key="", code=1).err
    assert login.path.read_text() == "{"


def test_login_prints_a_document(login):
    told = document(login("--json"), "account login")["data"]["account"]
    assert (told["name"], told["kind"], told["in_use"]) == ("ibm", "stored", True)
    assert (told["instance"], told["instance_name"]) == (login.crn, "local")


KEY_LIKE = "a" * 30 + "-_" + "B" * 12


@pytest.mark.parametrize("words", [("ibm", KEY_LIKE), (KEY_LIKE,)])
def test_a_key_given_as_an_argument_is_refused_and_not_repeated(words, watched):
    done = watched(*words, code=2)
    assert "never an argument" in done.err
    assert KEY_LIKE not in done.out + done.err
    assert watched.stored == {}
