"""What users say when the window works, each as a story told by the keyboard alone. Nothing is clicked."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from harness import TOKEN, Serve, Window, clipboard, command, post, serving_window, test


@test
def insufficient_is_typed_and_the_token_is_in_the_clipboard():
    with Window() as window:
        started = time.monotonic()
        window.key("ctrl+k")
        window.wait_focus("Search")
        window.type("insufficient")
        window.key("Return")
        window.wait_for_row("9995")
        took = time.monotonic() - started
        token = clipboard()
        assert TOKEN.fullmatch(token), token
        assert any(token in row for row in window.rows())
        print(f"    {took:.1f} s from Ctrl+K to the row, typing and reading the tree included")


@test
def what_stripe_will_say_is_told_before_and_can_be_sent_anyway():
    with Window() as window:
        window.card("4242424242424241", is_right=False)
        window.wait_for("Send anyway · expect incorrect_number")
        window.key("ctrl+Return")
        window.wait_for("Your card number is incorrect.")
        window.wait_for_row("incorrect_number")
        assert any(node.is_focused and node.name == "Card number" for node in window.nodes()), "the focus is on the field at fault"


@test
def a_refused_raw_number_comes_with_the_reason_the_switch_and_a_ready_token():
    with Window(settings={"version": 2, "policies": {"raw_card_data": False}}) as window:
        window.card("4000000000000002")
        window.key("ctrl+Return")
        window.wait_for("Copy tok_visa_chargeDeclined")
        assert window.says("raw card"), "it says what is refused"
        window.tab_to("Copy tok_visa_chargeDeclined")
        window.key("Return")
        window.wait_for("tok_visa_chargeDeclined copied")
        assert clipboard() == "tok_visa_chargeDeclined"


@test
def the_token_turns_used_when_the_backend_charges_it_and_says_by_what():
    with serving_window() as (window, url):
        window.key("ctrl+Return")
        window.wait_for_row("Unused")
        token = clipboard()
        charge = post(url, "/v1/charges", amount=100, currency="usd", source=token)
        window.wait_for_row("Used", token)
        window.key("ctrl+3")
        # One stop for all tabs: the arrows go from one to the next.
        window.tab_to("Response")
        window.key("Left")
        window.wait_for(charge["id"])
        assert window.says("Backend 1.0"), "it says which client did it"


@test
def the_same_card_on_the_other_target_differs_in_nothing_that_matters():
    with Serve() as stripe:
        profile = {"id": 1, "name": "Stand-in", "color": "teal", "target": "local", "base_url": stripe.url}
        settings = {"version": 2, "profile": 1, "profiles": [profile]}
        with Window(settings=settings, environment={"STRIPE_SECRET_KEY": "sk_test_window"}) as window:
            window.key("ctrl+Return")
            window.wait_for_row()
            window.key("ctrl+shift+t")
            window.wait_for("Same but for ids and times")
            assert len(window.rows()) == 2


@test
def the_developer_gets_the_very_call_and_it_works():
    with serving_window() as (window, url):
        window.card("5555555555554444")
        window.key("ctrl+Return")
        window.wait_for_row("4444")
        window.key("ctrl+shift+c")
        window.wait("the call in the clipboard", lambda _: "curl" in clipboard())
        done = subprocess.run(["bash", "-c", clipboard()], env={**os.environ, "STRIPE_SECRET_KEY": "sk_test_dev"}, capture_output=True, text=True, timeout=30)
        assert json.loads(done.stdout)["card"]["last4"] == "4444", done.stdout + done.stderr
        window.wait_for_rows(2)


@test
def an_old_token_is_found_and_the_run_exported():
    home = tempfile.mkdtemp(prefix="testcard-window-")
    command("mint", "4000000000009995", "--now", "2026-10-20T10:00:00Z", home=home)
    command("mint", "--count", "5", home=home)
    with Window(home) as window:
        window.wait_for_rows(6)
        window.key("ctrl+f")
        window.wait_focus("Search")
        window.type("9995")
        window.wait("the one row", lambda nodes: [("9995" in node.name) for node in nodes if node.role == "table row"] == [True])
        window.key("ctrl+s")
        window.tab_to("File")
        file = pathlib.Path(home) / "run.json"
        window.key("ctrl+a")
        window.type(str(file))
        window.key("Return")
        window.wait("the file", lambda _: file.exists())
        exported = json.loads(file.read_text())
        assert [entry["card"]["last4"] if "card" in entry else entry["last4"] for entry in exported["entries"]] == ["9995"]
    shutil.rmtree(home)


@test
def ci_gets_the_same_ids_every_time_without_a_window():
    runs = []
    for _ in range(2):
        home = tempfile.mkdtemp(prefix="testcard-window-")
        runs.append(command("mint", "--count", "3", "--seed", "7", "--now", "2026-11-20T10:00:00Z", home=home))
        shutil.rmtree(home)
    assert runs[0] == runs[1] and len(runs[0].split()) == 3, runs


@test
def everything_that_can_be_used_has_a_name_from_outside_too():
    roles = {"push button", "toggle button", "radio button", "check box", "entry", "password text", "combo box", "page tab", "table row", "link", "separator", "slider"}
    with Window() as window:
        window.key("ctrl+Return")
        window.wait_for_row()
        for key, screen in [(None, "Search id"), ("ctrl+k", "What should happen"), ("ctrl+comma", "Profiles and Stripe API"), ("ctrl+slash", "Go to the previous pane"), ("ctrl+s", "File")]:
            if key:
                window.key(key)
            nodes = window.wait_for(screen)
            controls = [node for node in nodes if node.role in roles]
            assert len(controls) > 10, f"{screen}: the tree was read"
            nameless = [node.words() for node in controls if not node.name.strip()]
            assert not nameless, f"{screen}: {nameless}"
            if key:
                window.key("Escape")
                window.wait("the dialog is gone", lambda nodes: not any(node.role == "dialog" and node.name for node in nodes))


@test
def a_window_at_rest_draws_nothing():
    with Window() as window:
        window.key("ctrl+Return")
        window.wait_for_row()
        # Nothing blinks in the table, and the toast goes.
        window.key("ctrl+2")
        window.wait("no toast", lambda nodes: not any("Token created" in node.words() for node in nodes))
        calm = None
        for _ in range(20):
            before = window.log().count("frame")
            time.sleep(1.5)
            calm = window.log().count("frame") - before
            if calm == 0:
                break
        assert calm == 0, f"{calm} frames in 1.5 s"


@test
def the_window_opens_as_it_was_left():
    home = tempfile.mkdtemp(prefix="testcard-window-")
    with Window(home) as window:
        window.key("ctrl+j")
        window.wait("the inspector is hidden", lambda nodes: not any(node.name == "Width of the inspector" for node in nodes))
        window.close()
    assert json.loads((pathlib.Path(home) / "config" / "window.json").read_text())["inspector_is_open"] is False
    with Window(home) as window:
        assert not window.says("Width of the inspector") and window.says("Width of the form")
    shutil.rmtree(home)
