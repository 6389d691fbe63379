<?php
// Stands in for Stripe's SDK: says the parameters of the call as JSON.

namespace Stripe;

class Stripe
{
    public static $apiBase = 'https://api.stripe.com';
}

class StripeClient
{
    public $tokens;

    public function __construct($config)
    {
        $key = is_array($config) ? $config['api_key'] : $config;
        if ($key !== getenv('STRIPE_SECRET_KEY')) {
            throw new \Exception('no key');
        }
        $this->tokens = $this;
    }

    public function create($params = [])
    {
        echo json_encode($params, JSON_THROW_ON_ERROR);
    }
}
