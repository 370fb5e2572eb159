-- Columns and rules of api_prices_history.csv. The build checks the file against this table, makes rows
-- of api_prices from it, and drops the table.
CREATE TABLE api_prices_history (
    provider VARCHAR NOT NULL,
    api_model VARCHAR NOT NULL,
    valid_from DATE NOT NULL,
    last_seen DATE,
    valid_to DATE,
    valid_from_kind VARCHAR NOT NULL CHECK (valid_from_kind IN ('first-seen', 'published')),
    input_usd_per_mtok DECIMAL(18, 9) CHECK (input_usd_per_mtok >= 0),
    output_usd_per_mtok DECIMAL(18, 9) CHECK (output_usd_per_mtok >= 0),
    cache_read_usd_per_mtok DECIMAL(18, 9) CHECK (cache_read_usd_per_mtok >= 0),
    batch_input_usd_per_mtok DECIMAL(18, 9) CHECK (batch_input_usd_per_mtok >= 0),
    batch_output_usd_per_mtok DECIMAL(18, 9) CHECK (batch_output_usd_per_mtok >= 0),
    context_tokens BIGINT CHECK (context_tokens > 0),
    checked BOOLEAN NOT NULL,
    flag VARCHAR,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    PRIMARY KEY (provider, api_model, valid_from),
    CHECK (valid_to > valid_from),
    CHECK (last_seen >= valid_from)
);
