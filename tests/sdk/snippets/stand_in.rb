# Stands in for Stripe's SDK: says the parameters of the call as JSON.
require 'json'

module Stripe
  class << self
    attr_accessor :api_key, :api_base
  end

  class Token
    def self.create(params = {})
      raise 'no key' unless Stripe.api_key == ENV['STRIPE_SECRET_KEY']

      puts JSON.generate(params)
    end
  end
end
