-- Sign-ons that are pending are sealed in what goes to the identity provider and back: nothing is kept of them. Of those
-- that were under way when this version came, people begin again.
DROP TABLE saml_logins;
