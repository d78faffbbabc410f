"""HTTP: parse, authorise, call one store function, render.  Nothing else happens in a request."""
