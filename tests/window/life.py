"""The life of a token as a picture, by the keyboard alone."""

from harness import post, serving_window, test


@test
def a_token_is_followed_from_its_intent_through_its_payer_to_the_event():
    with serving_window() as (window, url):
        window.card("4000002760003184")
        window.key("ctrl+Return")
        window.wait_for_row("Unused", "tok_1")
        token = next(word for word in window.rows()[0].split() if word.startswith("tok_"))
        window.key("ctrl+3")
        # One stop for all tabs: the arrows go from one to the next.
        window.tab_to("Response")
        window.key("Right", "Right", "Right")
        window.wait_for(f"Token {token}: unused")
        method = post(url, "/v1/payment_methods", type="card", card__token=token)["id"]
        intent = post(url, "/v1/payment_intents", amount=2000, currency="usd", confirm="true", payment_method=method,
                      payment_method_types__0="card")["id"]
        window.wait_for(f"Payment intent {intent}: requires_action, $20.00 usd")
        # The token, the payment method, the intent, and what its payer can do.
        window.tab_to("Life of the token")
        window.key("Down", "Down", "Down", "Down", "Return")
        window.wait_focus("Complete")
        window.key("Return")
        window.wait_for(f"Payment intent {intent}: succeeded, $20.00 usd")
        window.wait("the charge", lambda nodes: any(
            node.name.startswith("Charge ch_") and ": succeeded, $20.00 usd" in node.name for node in nodes))
        window.wait_for("Event charge.succeeded: No endpoint asks for it")
        # The last event opens the call that it came of, and Enter leads back. Of the list, the marked row has the
        # focus.
        window.tab_to("Event")
        window.key("End", "Return")
        window.wait_for("POST /_testcard/authenticate")
        window.wait_focus("Back to the timeline")
        window.key("Return")
        window.wait_for("Event payment_intent.succeeded")
