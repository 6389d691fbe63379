# Verifies an event as Stripe's docs say that a receiver without an SDK does (docs.stripe.com/webhooks, "Verify manually"):
# ruby verify.rb SIGNATURE SECRET [NOW] < BODY
# It says the event's id and type, or why the event is refused, and ends with 1.
require 'json'
require 'openssl'

TOLERANCE = 300

signature, secret, now = ARGV
body = $stdin.binmode.read
refuse = lambda do |why|
  puts why
  exit 1
end

parts = signature.split(',').map { |part| part.split('=', 2) }
time = parts.assoc('t')&.last
refuse.call('no time') unless time&.match?(/\A\d+\z/)
sent = parts.filter_map { |scheme, value| value if scheme == 'v1' }
expected = OpenSSL::HMAC.hexdigest('SHA256', secret, "#{time}.#{body}")
same = sent.any? { |value| value.bytesize == expected.bytesize && OpenSSL.fixed_length_secure_compare(value, expected) }
refuse.call('wrong signature') unless same
refuse.call('too old') if (now || Time.now).to_i - time.to_i > TOLERANCE
event = JSON.parse(body)
puts "#{event.fetch('id')} #{event.fetch('type')}"
