"""Names in any script: pasted, edited by what a person takes for one sign, and shown in the order in which they are read."""

import pathlib
import subprocess
import tempfile

from harness import Window, test

FAMILY = "👨\u200d👩\u200d👧"


def paste(window, text):
    """Puts a text into the clipboard and pastes it over what stands in the field."""
    subprocess.run(["xclip", "-selection", "clipboard"], input=text, text=True, check=True)
    window.key("ctrl+a", "ctrl+v")


def name(window, text):
    """Waits until the name is this."""
    window.wait(f"the name {text!r}", lambda nodes: any(node.name == "Name on card" and node.text == text for node in nodes))


@test
def names_of_any_script_are_edited_by_signs():
    """Backspace takes a flag, a family, a letter with its mark or a Hebrew letter as one; the card keeps the name whole."""
    with Window() as window:
        window.key("ctrl+l")
        window.wait_focus("Card number")
        window.tab_to("Name on card")
        for text, keys, left in [
            ("שלום כהן", ("End", "BackSpace"), "שלום כה"),
            ("שלום כהן", ("Home", "Delete"), "לום כהן"),
            ("محمد علي", ("End", "BackSpace", "BackSpace"), "محمد ع"),
            ("Anna שלום 12", ("End", "BackSpace"), "Anna שלום 1"),
            ("A👍🏽🇩🇪" + FAMILY, ("End", "BackSpace", "BackSpace"), "A👍🏽"),
            ("Ae\u0301x", ("End", "Left", "BackSpace"), "Ax"),
            ("कक्षि", ("End", "BackSpace"), "क"),
            ("น้ำA", ("Home", "Delete"), "A"),
            ("A🇩🇪B", ("End", "Left", "Left", "Delete"), "AB"),
            ("A🇩🇪B", ("Home", "shift+Right", "shift+Right", "BackSpace"), "B"),
        ]:
            paste(window, text)
            name(window, text)
            window.key(*keys)
            name(window, left)


@test
def a_script_without_a_font_is_told():
    """In a system without any font, the line at the bottom says which package has one, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        fonts = pathlib.Path(folder, "fonts.conf")
        fonts.write_text(f"<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>")
        with Window(environment={"FONTCONFIG_FILE": str(fonts)}) as window:
            window.key("ctrl+l")
            window.wait_focus("Card number")
            window.tab_to("Name on card")
            for text, script, package in [
                ("山田太郎", "Chinese, Japanese and Korean", "fonts-noto-cjk"),
                ("שלום", "Hebrew", "fonts-noto-core"),
            ]:
                paste(window, text)
                window.wait_for(f"No font for {script}: shown as boxes. Install {package} ")
                paste(window, "Jenny")
                window.wait_for("History: saved")
                assert not window.says("No font for")
