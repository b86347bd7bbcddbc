"""Other frameworks' session interfaces over our store, one module each; a module imports its framework, and nothing imports it."""
