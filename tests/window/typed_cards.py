"""Cards typed at the speeds of scanners, scripts and people, with the Tab that habit puts between the fields and
without: the token is of the card that was typed.
"""

from harness import Window, test

FIELDS = ("Card number", "Expiry", "CVC", "Name on card")
CARD = {"Expiry": "12 / 40", "CVC": "123", "Name on card": "Jo"}


def fields(nodes):
    return {node.name: node.text for node in nodes if node.name in FIELDS}


def wait_fields(window, number, rest=CARD):
    grouped = " ".join(number[place:place + 4] for place in range(0, len(number), 4))
    expected = {"Card number": grouped, **rest}
    window.wait(f"{expected}", lambda nodes: fields(nodes) == expected)


@test
def a_card_is_typed_at_every_speed():
    numbers = iter(("5555555555554444", "4000056655665556", "5200828282828210", "6011111111111117", "3566002020360505",
                    "4000000000000077", "5105105105105100", "6011000990139424", "4000002760000016", "4000008260000000"))
    with Window() as window:
        for rows, gap in enumerate((5, 12, 30, 60, 150)):
            for place, between in enumerate(("", "\t")):
                number = next(numbers)
                window.keys("key ctrl+n key ctrl+l", between.join((number, "1240", "123", "Jo")), "key ctrl+Return", gap=gap)
                window.wait_for_rows(2 * rows + place + 1)
                window.wait_for_row(number[-4:], "Unused")
                wait_fields(window, number)


@test
def keys_act_in_the_order_in_which_they_are_pressed():
    with Window() as window:
        # The palette opens, is searched and answers, all within a frame or two.
        window.keys("key ctrl+k", "insufficient", "key Return", gap=5)
        window.wait_for_row("9995", "Unused")
        # A card over another one replaces it.
        window.keys("key ctrl+l", "55555555555544441240123Jo", "key ctrl+Return", gap=5)
        window.wait_for_row("4444", "Unused")
        wait_fields(window, "5555555555554444")
        # A code of four digits while no brand is known.
        window.keys("key ctrl+n key ctrl+l key Tab key Tab", "1234", gap=12)
        wait_fields(window, "", {"Expiry": "", "CVC": "1234", "Name on card": ""})
        # Backspace goes through the fields and over the slash.
        window.keys("key ctrl+n key ctrl+l", "42424242424242421240123", gap=5)
        window.keys("key --repeat 11 --delay 12 BackSpace", "1", gap=12)
        wait_fields(window, "4242424242424241", {"Expiry": "", "CVC": "", "Name on card": ""})


@test
def undo_brings_no_card_back_of_before_a_clearing():
    with Window() as window:
        window.keys("key ctrl+l", "42424242424242421240123Jo", gap=12)
        wait_fields(window, "4242424242424242")
        window.keys("sleep 1.2 key ctrl+n key ctrl+z key ctrl+z key ctrl+shift+z key ctrl+y", gap=12)
        nothing = {"Expiry": "", "CVC": "", "Name on card": ""}
        for name in FIELDS:
            window.wait_focus(name)
            window.keys("key ctrl+z key ctrl+y", gap=12)
            wait_fields(window, "", nothing)
            window.key("Tab")
