-- Whatever id somebody holds, what it belongs to is found without a walk: `why`, `trace`.

-- What no statement brought, orders and cards, by the request, the call or the run that did, and by its trace.
CREATE INDEX deliveries_brought ON deliveries (correlation_id) WHERE statement_seq = 0;
CREATE INDEX deliveries_trace ON deliveries (substr(traceparent, 4, 32)) WHERE statement_seq = 0 AND traceparent <> '';
CREATE INDEX arrivals_trace ON arrivals (substr(traceparent, 4, 32));

-- By what the vendor calls the post. These grow with time at all of them, so that new ones come to the end.
CREATE INDEX deliveries_receipt ON deliveries (
    coalesce(json_extract(CAST(receipt AS TEXT), '$.ts'), json_extract(CAST(receipt AS TEXT), '$.message_id'),
        json_extract(CAST(receipt AS TEXT), '$.chain_id'), json_extract(CAST(receipt AS TEXT), '$.run'))
) WHERE receipt IS NOT NULL;

-- What a record of a source told.
CREATE INDEX statements_record ON statements (record) WHERE record IS NOT NULL;

-- Somebody by the beginning of their name, as it is written.
CREATE INDEX personas_name ON personas (tenant, name COLLATE NOCASE) WHERE name <> '';

-- What somebody asked for, by the id under which the log has it.
CREATE INDEX audit_told_correlation ON audit_told (correlation_id) WHERE correlation_id <> '';
