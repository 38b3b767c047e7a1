-- Vendors tell of people by their ids and addresses: in which places such a one stands is found without reading all.
CREATE INDEX roster_standings_account ON roster_standings (account) WHERE account <> '';
CREATE INDEX roster_standings_email ON roster_standings (lower(email)) WHERE email <> '';
