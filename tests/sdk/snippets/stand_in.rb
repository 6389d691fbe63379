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

  # Any other class says the call itself too.
  class Resource
    def initialize(name)
      @name = name
    end

    def method_missing(method, *arguments)
      raise 'no key' unless Stripe.api_key == ENV['STRIPE_SECRET_KEY']

      puts JSON.generate({ call: "#{@name}.#{method}", arguments: arguments })
    end

    def respond_to_missing?(*)
      true
    end
  end

  def self.const_missing(name)
    Resource.new(name)
  end
end
