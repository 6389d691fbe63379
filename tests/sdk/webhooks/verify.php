<?php
// Verifies an event as Stripe's docs say that a receiver without an SDK does (docs.stripe.com/webhooks, "Verify manually"):
// php verify.php SIGNATURE SECRET [NOW] < BODY
// It says the event's id and type, or why the event is refused, and ends with 1.

const TOLERANCE = 300;

function refuse(string $why): never
{
    echo $why, "\n";
    exit(1);
}

[, $signature, $secret] = $argv;
$now = (int) ($argv[3] ?? time());
$body = stream_get_contents(STDIN);
$time = null;
$sent = [];
foreach (explode(',', $signature) as $part) {
    [$scheme, $value] = explode('=', $part, 2) + [1 => ''];
    if ($scheme === 't') {
        $time = $value;
    } elseif ($scheme === 'v1') {
        $sent[] = $value;
    }
}
if ($time === null || !ctype_digit($time)) {
    refuse('no time');
}
$expected = hash_hmac('sha256', "$time.$body", $secret);
if (!array_filter($sent, fn ($value) => hash_equals($expected, $value))) {
    refuse('wrong signature');
}
if ($now - (int) $time > TOLERANCE) {
    refuse('too old');
}
$event = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
echo $event['id'], ' ', $event['type'], "\n";
