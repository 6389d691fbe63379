<?php
// Stands in for Stripe's SDK: says the parameters of the call as JSON.

namespace Stripe;

class Stripe
{
    public static $apiBase = 'https://api.stripe.com';
}

// Any other resource says the call itself too.
class Resource
{
    public function __construct(private string $name)
    {
    }

    public function __call($method, $arguments)
    {
        echo json_encode(['call' => "$this->name.$method", 'arguments' => $arguments], JSON_THROW_ON_ERROR);
    }
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

    public function __get($name)
    {
        return new Resource($name);
    }

    public function create($params = [])
    {
        echo json_encode($params, JSON_THROW_ON_ERROR);
    }
}
