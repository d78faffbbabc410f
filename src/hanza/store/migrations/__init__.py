"""How a database comes to have the tables of `store.schema`: expand first, contract later."""
