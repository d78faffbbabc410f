"""`hanza up --federation FILE`: a plane with everything that a file says, in one process.

For trying Hanza out, and for outside tools that want a cloud to speak to.  Providers, sites and
tenants are real ones, made by the API; only the sites' engines are the fake driver's.  It is not a
way to run a federation of others: their agents are processes of their own, at their sites.
"""
