"""The 189 requests that have to be refused with 412, by scenario, as appendix A.3 counts them."""
