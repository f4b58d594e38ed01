from hypothesis import settings as property_tests

# No example has to be done in 200 ms: a busy machine takes longer.
property_tests.register_profile("patient", deadline=None)
property_tests.load_profile("patient")
