-- Tables of Breakeven. `lib/breakeven/tables/build.py` fills them from the CSV file of the same name
-- (api_prices from the genai-prices package and api_prices_history.csv), in this order.
-- Every COMMENT starts with the unit in brackets; [-] means none.

CREATE TABLE sources (
    source_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(source_id, '[a-z0-9][a-z0-9._-]*')),
    title VARCHAR NOT NULL CHECK (length(title) > 0),
    publisher VARCHAR NOT NULL CHECK (length(publisher) > 0),
    address VARCHAR,
    licence VARCHAR NOT NULL CHECK (licence IN ('MIT', 'Apache-2.0', 'CC-BY-4.0', 'MPL-2.0', 'facts only')),
    accessed DATE NOT NULL
);
COMMENT ON TABLE sources IS 'Where facts come from, each source once';
COMMENT ON COLUMN sources.source_id IS '[-] key, lower case';
COMMENT ON COLUMN sources.title IS '[-] title of the document, page, package or repository';
COMMENT ON COLUMN sources.publisher IS '[-] who published it';
COMMENT ON COLUMN sources.address IS '[-] where a reader can check it; empty for a printed or internal source';
COMMENT ON COLUMN sources.licence IS '[-] licence of the source, one of those in THIRD_PARTY_NOTICES.md; "facts only" where only numbers are cited';
COMMENT ON COLUMN sources.accessed IS '[date] day it was read';

CREATE TABLE source_notices (
    source_id VARCHAR PRIMARY KEY REFERENCES sources (source_id),
    notice VARCHAR NOT NULL CHECK (length(notice) > 0),
    as_of DATE NOT NULL
);
COMMENT ON TABLE source_notices IS 'What must stand beside the numbers of a source wherever they are shown';
COMMENT ON COLUMN source_notices.source_id IS '[-] key of sources';
COMMENT ON COLUMN source_notices.notice IS '[-] attribution or statement, as its licence or its publisher asks for it';
COMMENT ON COLUMN source_notices.as_of IS '[date] day it was written';

CREATE TABLE precisions (
    precision_id VARCHAR PRIMARY KEY,
    bytes_per_weight DOUBLE NOT NULL CHECK (bytes_per_weight > 0 AND bytes_per_weight <= 4),
    compute_rate VARCHAR NOT NULL CHECK (compute_rate IN ('fp16', 'fp8', 'fp4')),
    weight_only_fallback BOOLEAN NOT NULL,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    as_of DATE NOT NULL
);
COMMENT ON TABLE precisions IS 'Number formats of weights and the rate they compute at';
COMMENT ON COLUMN precisions.precision_id IS '[-] key, as written in links and on the command line';
COMMENT ON COLUMN precisions.bytes_per_weight IS '[B] storage of one weight, block scales left out';
COMMENT ON COLUMN precisions.compute_rate IS '[-] which dense rate of the GPU the linear layers use';
COMMENT ON COLUMN precisions.weight_only_fallback IS '[-] true: on a GPU without that rate the weights are stored so and computed in fp16/bf16; false: such a GPU is left out';
COMMENT ON COLUMN precisions.notes IS '[-] what the figure leaves out';
COMMENT ON COLUMN precisions.source_id IS '[-] key of sources';
COMMENT ON COLUMN precisions.as_of IS '[date] day the row was checked';

CREATE TABLE models (
    model_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(model_id, '[a-z0-9][a-z0-9._-]*')),
    name VARCHAR NOT NULL,
    family VARCHAR NOT NULL,
    release VARCHAR NOT NULL CHECK (regexp_full_match(release, '20[0-9][0-9](-[01][0-9])?')),
    params_total_b DOUBLE CHECK (params_total_b > 0),
    params_active_b DOUBLE CHECK (params_active_b > 0),
    n_layers INTEGER NOT NULL CHECK (n_layers > 0),
    hidden INTEGER NOT NULL CHECK (hidden > 0),
    ffn_dim INTEGER CHECK (ffn_dim > 0),
    ffn_matrices INTEGER NOT NULL CHECK (ffn_matrices IN (2, 3)),
    n_heads INTEGER NOT NULL CHECK (n_heads > 0),
    n_kv_heads INTEGER NOT NULL CHECK (n_kv_heads > 0),
    head_dim INTEGER NOT NULL CHECK (head_dim > 0),
    attention VARCHAR NOT NULL CHECK (attention IN ('MHA', 'GQA', 'MQA', 'MLA')),
    mla_kv_lora_rank INTEGER CHECK (mla_kv_lora_rank > 0),
    mla_q_lora_rank INTEGER CHECK (mla_q_lora_rank > 0),
    mla_qk_nope_dim INTEGER CHECK (mla_qk_nope_dim > 0),
    mla_qk_rope_dim INTEGER CHECK (mla_qk_rope_dim >= 0),
    mla_v_head_dim INTEGER CHECK (mla_v_head_dim > 0),
    n_experts INTEGER CHECK (n_experts > 0),
    experts_per_tok INTEGER CHECK (experts_per_tok > 0),
    n_shared_experts INTEGER CHECK (n_shared_experts >= 0),
    moe_ffn_dim INTEGER CHECK (moe_ffn_dim > 0),
    n_dense_layers INTEGER CHECK (n_dense_layers >= 0),
    sliding_window INTEGER CHECK (sliding_window > 0),
    n_full_attn_layers INTEGER CHECK (n_full_attn_layers >= 0),
    n_sliding_layers INTEGER CHECK (n_sliding_layers >= 0),
    n_linear_attn_layers INTEGER CHECK (n_linear_attn_layers >= 0),
    kv_layers DOUBLE CHECK (kv_layers >= 0),
    state_bytes DOUBLE CHECK (state_bytes > 0),
    vocab INTEGER NOT NULL CHECK (vocab > 0),
    tied_embeddings BOOLEAN NOT NULL,
    max_context INTEGER NOT NULL CHECK (max_context > 0),
    native_precision VARCHAR NOT NULL,
    open_weights BOOLEAN NOT NULL,
    kv_derived BOOLEAN NOT NULL,
    totals_checked BOOLEAN NOT NULL,
    hf_id VARCHAR,
    licence VARCHAR NOT NULL,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    CHECK (params_active_b <= params_total_b),
    CHECK (attention <> 'MLA' OR (mla_kv_lora_rank IS NOT NULL AND mla_qk_rope_dim IS NOT NULL)),
    CHECK (experts_per_tok <= n_experts),
    CHECK (n_linear_attn_layers IS NULL OR state_bytes IS NOT NULL OR NOT kv_derived),
    CHECK (n_kv_heads <= n_heads)
);
COMMENT ON TABLE models IS 'Architectures of language models';
COMMENT ON COLUMN models.model_id IS '[-] key';
COMMENT ON COLUMN models.name IS '[-] name as people write it';
COMMENT ON COLUMN models.family IS '[-] family';
COMMENT ON COLUMN models.release IS '[year or year-month] first public release';
COMMENT ON COLUMN models.params_total_b IS '[1e9 parameters] all parameters, as stated; empty where nobody states them';
COMMENT ON COLUMN models.params_active_b IS '[1e9 parameters] active per token, as stated';
COMMENT ON COLUMN models.n_layers IS '[-] transformer layers';
COMMENT ON COLUMN models.hidden IS '[-] width of the residual stream';
COMMENT ON COLUMN models.ffn_dim IS '[-] width of the dense feed-forward layers';
COMMENT ON COLUMN models.ffn_matrices IS '[-] matrices in one feed-forward block: 3 gated, 2 plain';
COMMENT ON COLUMN models.n_heads IS '[-] query heads';
COMMENT ON COLUMN models.n_kv_heads IS '[-] key/value heads';
COMMENT ON COLUMN models.head_dim IS '[-] width of one head (not used where attention is MLA)';
COMMENT ON COLUMN models.attention IS '[-] MHA, GQA, MQA or MLA';
COMMENT ON COLUMN models.mla_kv_lora_rank IS '[-] width of the compressed key/value vector';
COMMENT ON COLUMN models.mla_q_lora_rank IS '[-] width of the compressed query';
COMMENT ON COLUMN models.mla_qk_nope_dim IS '[-] part of a query/key head without position';
COMMENT ON COLUMN models.mla_qk_rope_dim IS '[-] part of a query/key head with position';
COMMENT ON COLUMN models.mla_v_head_dim IS '[-] width of a value head';
COMMENT ON COLUMN models.n_experts IS '[-] routed experts in one layer';
COMMENT ON COLUMN models.experts_per_tok IS '[-] routed experts that one token uses';
COMMENT ON COLUMN models.n_shared_experts IS '[-] experts that every token uses';
COMMENT ON COLUMN models.moe_ffn_dim IS '[-] width of one expert';
COMMENT ON COLUMN models.n_dense_layers IS '[-] layers with a dense feed-forward block in a mixture of experts';
COMMENT ON COLUMN models.sliding_window IS '[tokens] window of the sliding layers';
COMMENT ON COLUMN models.n_full_attn_layers IS '[-] layers that attend to the whole context; empty: all or, with a window and no counts, none';
COMMENT ON COLUMN models.n_sliding_layers IS '[-] layers that attend to a window';
COMMENT ON COLUMN models.n_linear_attn_layers IS '[-] layers with a state that does not grow';
COMMENT ON COLUMN models.kv_layers IS '[-] layers of the stated width that would keep as much cache of a growing context, where some keep less: one entry for several tokens counts as its share, a narrower one too; empty: the layers that attend to the whole context';
COMMENT ON COLUMN models.state_bytes IS '[B] state of one sequence, however long, in the layers whose state does not grow; a model that has such layers and no size of it cannot be placed on a GPU';
COMMENT ON COLUMN models.vocab IS '[-] rows of the embedding table';
COMMENT ON COLUMN models.tied_embeddings IS '[-] input and output embedding are one matrix';
COMMENT ON COLUMN models.max_context IS '[tokens] longest context';
COMMENT ON COLUMN models.native_precision IS '[-] number format of the published weights';
COMMENT ON COLUMN models.open_weights IS '[-] weights can be downloaded';
COMMENT ON COLUMN models.kv_derived IS '[-] false: no formula for its KV cache is known here, so it cannot be placed on a GPU';
COMMENT ON COLUMN models.totals_checked IS '[-] the stated total agrees with the dimensions within 2 % (checked at every build); false: no total can be computed';
COMMENT ON COLUMN models.hf_id IS '[-] name on the Hugging Face hub';
COMMENT ON COLUMN models.licence IS '[-] licence of the weights';
COMMENT ON COLUMN models.notes IS '[-] what is peculiar or unverified';
COMMENT ON COLUMN models.source_id IS '[-] key of sources';
COMMENT ON COLUMN models.locator IS '[-] where in the source';
COMMENT ON COLUMN models.as_of IS '[date] day the row was checked';

CREATE TABLE models_without_row (
    name VARCHAR PRIMARY KEY CHECK (regexp_full_match(name, '[a-z0-9][a-z0-9._-]*')),
    hosts INTEGER NOT NULL CHECK (hosts >= 1),
    place_as VARCHAR REFERENCES models (model_id),
    why VARCHAR NOT NULL CHECK (length(why) > 0),
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    as_of DATE NOT NULL
);
COMMENT ON TABLE models_without_row IS 'Open models that several hosts serve and that models does not hold, and why';
COMMENT ON COLUMN models_without_row.name IS '[-] the hosts'' name of it, lower case, without its maker and without words for its format or its tuning';
COMMENT ON COLUMN models_without_row.hosts IS '[-] providers that serve it';
COMMENT ON COLUMN models_without_row.place_as IS '[-] key of models: the one whose cost on a GPU is nearest; empty: none is known to be near';
COMMENT ON COLUMN models_without_row.why IS '[-] why it has no row';
COMMENT ON COLUMN models_without_row.source_id IS '[-] key of sources';
COMMENT ON COLUMN models_without_row.as_of IS '[date] day it was decided';

CREATE TABLE gpus (
    gpu_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(gpu_id, '[a-z0-9][a-z0-9._-]*')),
    name VARCHAR NOT NULL,
    vendor VARCHAR NOT NULL CHECK (vendor IN ('nvidia', 'amd', 'intel', 'google', 'aws')),
    gpu_family VARCHAR NOT NULL,
    architecture VARCHAR NOT NULL,
    launch_year INTEGER NOT NULL CHECK (launch_year BETWEEN 2015 AND 2035),
    memory_gb DOUBLE NOT NULL CHECK (memory_gb BETWEEN 4 AND 1000),
    memory_type VARCHAR NOT NULL,
    mem_bw_gb_s DOUBLE NOT NULL CHECK (mem_bw_gb_s BETWEEN 100 AND 30000),
    fp16_dense_tflops DOUBLE CHECK (fp16_dense_tflops BETWEEN 10 AND 20000),
    bf16_dense_tflops DOUBLE CHECK (bf16_dense_tflops BETWEEN 10 AND 20000),
    fp8_dense_tflops DOUBLE CHECK (fp8_dense_tflops BETWEEN 10 AND 40000),
    int8_dense_tops DOUBLE CHECK (int8_dense_tops BETWEEN 10 AND 40000),
    fp4_dense_tflops DOUBLE CHECK (fp4_dense_tflops BETWEEN 10 AND 80000),
    interconnect VARCHAR NOT NULL,
    scale_up_gb_s_unidirectional DOUBLE CHECK (scale_up_gb_s_unidirectional > 0),
    link_gpus INTEGER NOT NULL CHECK (link_gpus BETWEEN 1 AND 10000),
    tdp_w DOUBLE CHECK (tdp_w BETWEEN 20 AND 5000),
    verified BOOLEAN NOT NULL,
    cross_checked_with VARCHAR,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    CHECK (fp16_dense_tflops IS NOT NULL OR bf16_dense_tflops IS NOT NULL)
);
COMMENT ON TABLE gpus IS 'Accelerators; dense rates only, never the sparse figure';
COMMENT ON COLUMN gpus.gpu_id IS '[-] key';
COMMENT ON COLUMN gpus.name IS '[-] name as people write it';
COMMENT ON COLUMN gpus.vendor IS '[-] maker';
COMMENT ON COLUMN gpus.gpu_family IS '[-] devices that share an efficiency row';
COMMENT ON COLUMN gpus.architecture IS '[-] maker''s name of the generation';
COMMENT ON COLUMN gpus.launch_year IS '[year] launch';
COMMENT ON COLUMN gpus.memory_gb IS '[GB, 1e9 B] device memory';
COMMENT ON COLUMN gpus.memory_type IS '[-] kind of memory';
COMMENT ON COLUMN gpus.mem_bw_gb_s IS '[GB/s] peak memory bandwidth';
COMMENT ON COLUMN gpus.fp16_dense_tflops IS '[TFLOP/s] peak dense fp16 with fp32 accumulation';
COMMENT ON COLUMN gpus.bf16_dense_tflops IS '[TFLOP/s] peak dense bf16; empty: not supported';
COMMENT ON COLUMN gpus.fp8_dense_tflops IS '[TFLOP/s] peak dense fp8; empty: not supported';
COMMENT ON COLUMN gpus.int8_dense_tops IS '[TOP/s] peak dense int8; empty: not supported';
COMMENT ON COLUMN gpus.fp4_dense_tflops IS '[TFLOP/s] peak dense fp4; empty: not supported';
COMMENT ON COLUMN gpus.interconnect IS '[-] link between the devices of one server';
COMMENT ON COLUMN gpus.scale_up_gb_s_unidirectional IS '[GB/s] bandwidth of that link per device in one direction; empty: not known';
COMMENT ON COLUMN gpus.link_gpus IS '[-] devices that the link joins, in one server or pod as it is sold';
COMMENT ON COLUMN gpus.tdp_w IS '[W] power limit';
COMMENT ON COLUMN gpus.verified IS '[-] false: figures not re-read from the maker''s page; shown as unverified';
COMMENT ON COLUMN gpus.cross_checked_with IS '[-] what else agrees';
COMMENT ON COLUMN gpus.notes IS '[-] conflicts between sources';
COMMENT ON COLUMN gpus.source_id IS '[-] key of sources';
COMMENT ON COLUMN gpus.locator IS '[-] where in the source';
COMMENT ON COLUMN gpus.as_of IS '[date] day the row was checked';

CREATE TABLE gpu_prices (
    gpu_offer_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(gpu_offer_id, '[a-z0-9][a-z0-9._-]*')),
    provider VARCHAR NOT NULL,
    instance VARCHAR,
    gpu_as_listed VARCHAR NOT NULL,
    gpu_id VARCHAR REFERENCES gpus (gpu_id),
    unresolved_reason VARCHAR,
    gpu_count DOUBLE NOT NULL CHECK (gpu_count > 0),
    price_type VARCHAR NOT NULL CHECK (price_type IN ('on-demand', 'spot', 'marketplace', 'reserved', 'estimate', 'serverless')),
    usd_per_gpu_hour DOUBLE NOT NULL CHECK (usd_per_gpu_hour BETWEEN 0.01 AND 200),
    region VARCHAR,
    valid_from DATE NOT NULL,
    valid_from_kind VARCHAR NOT NULL CHECK (valid_from_kind IN ('collected', 'commit', 'approximate', 'published')),
    flag VARCHAR,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    CHECK ((gpu_id IS NULL) = (unresolved_reason IS NOT NULL))
);
COMMENT ON TABLE gpu_prices IS 'Rental offers, dated and appended, never overwritten';
COMMENT ON COLUMN gpu_prices.gpu_offer_id IS '[-] key';
COMMENT ON COLUMN gpu_prices.provider IS '[-] provider, one spelling each';
COMMENT ON COLUMN gpu_prices.instance IS '[-] the provider''s name of the machine';
COMMENT ON COLUMN gpu_prices.gpu_as_listed IS '[-] the provider''s name of the GPU';
COMMENT ON COLUMN gpu_prices.gpu_id IS '[-] key of gpus; empty where the listing does not say which device it is';
COMMENT ON COLUMN gpu_prices.unresolved_reason IS '[-] why gpu_id is empty; such an offer is shown and never ranked';
COMMENT ON COLUMN gpu_prices.gpu_count IS '[-] GPUs in the offer';
COMMENT ON COLUMN gpu_prices.price_type IS '[-] on-demand, spot, marketplace, reserved, an analyst''s estimate, or serverless: billed by the second that a function runs, no machine is kept';
COMMENT ON COLUMN gpu_prices.usd_per_gpu_hour IS '[USD/h] price of one GPU for one hour';
COMMENT ON COLUMN gpu_prices.region IS '[-] where, if the source says';
COMMENT ON COLUMN gpu_prices.valid_from IS '[date] first day on which the price is known to hold';
COMMENT ON COLUMN gpu_prices.valid_from_kind IS '[-] how that day is known';
COMMENT ON COLUMN gpu_prices.flag IS '[-] what looks wrong with the offer; flagged offers are never the default';
COMMENT ON COLUMN gpu_prices.notes IS '[-] notes';
COMMENT ON COLUMN gpu_prices.source_id IS '[-] key of sources';
COMMENT ON COLUMN gpu_prices.locator IS '[-] where in the source';
COMMENT ON COLUMN gpu_prices.as_of IS '[date] day the source was read';

CREATE TABLE gpu_listings (
    provider VARCHAR NOT NULL,
    price_type VARCHAR NOT NULL CHECK (price_type IN ('on-demand', 'spot', 'marketplace', 'reserved', 'estimate', 'serverless')),
    read_on DATE NOT NULL,
    complete BOOLEAN NOT NULL,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    PRIMARY KEY (provider, price_type, read_on, source_id),
    CHECK (complete OR notes IS NOT NULL)
);
COMMENT ON TABLE gpu_listings IS 'Readings of providers'' rental prices: an offer that a later complete one of the same kind of price lacks has ended';
COMMENT ON COLUMN gpu_listings.provider IS '[-] provider, as in gpu_prices';
COMMENT ON COLUMN gpu_listings.price_type IS '[-] kind of price that was read';
COMMENT ON COLUMN gpu_listings.read_on IS '[date] day on which the provider''s list was read';
COMMENT ON COLUMN gpu_listings.complete IS '[-] gpu_prices holds every offer of a listed device that the provider had that day';
COMMENT ON COLUMN gpu_listings.notes IS '[-] what an incomplete reading leaves out';
COMMENT ON COLUMN gpu_listings.source_id IS '[-] key of sources';
COMMENT ON COLUMN gpu_listings.locator IS '[-] where in the source';
COMMENT ON COLUMN gpu_listings.as_of IS '[date] day it was decided';

CREATE TABLE provisioned_throughput (
    provider VARCHAR NOT NULL,
    api_model VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    input_tokens_per_minute DOUBLE NOT NULL CHECK (input_tokens_per_minute > 0),
    least_units INTEGER NOT NULL CHECK (least_units > 0),
    step_units INTEGER NOT NULL CHECK (step_units > 0),
    valid_from DATE NOT NULL,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    PRIMARY KEY (provider, api_model, valid_from)
);
COMMENT ON TABLE provisioned_throughput IS 'What one unit of reserved API capacity carries; its price is not published per unit and is not held';
COMMENT ON COLUMN provisioned_throughput.provider IS '[-] provider, as in api_prices';
COMMENT ON COLUMN provisioned_throughput.api_model IS '[-] the provider''s name of the model';
COMMENT ON COLUMN provisioned_throughput.unit IS '[-] the provider''s name of the unit';
COMMENT ON COLUMN provisioned_throughput.input_tokens_per_minute IS '[tokens/min] input that one unit carries';
COMMENT ON COLUMN provisioned_throughput.least_units IS '[-] fewest units of a global deployment';
COMMENT ON COLUMN provisioned_throughput.step_units IS '[-] units by which it grows';
COMMENT ON COLUMN provisioned_throughput.valid_from IS '[date] first day on which it is known to hold';
COMMENT ON COLUMN provisioned_throughput.source_id IS '[-] key of sources';
COMMENT ON COLUMN provisioned_throughput.locator IS '[-] where in the source';
COMMENT ON COLUMN provisioned_throughput.as_of IS '[date] day it was read';

CREATE TABLE model_aliases (
    provider VARCHAR NOT NULL,
    api_model VARCHAR NOT NULL,
    model_id VARCHAR REFERENCES models (model_id),
    variant VARCHAR,
    unmapped_reason VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    as_of DATE NOT NULL,
    PRIMARY KEY (provider, api_model),
    CHECK ((model_id IS NULL) = (unmapped_reason IS NOT NULL))
);
COMMENT ON TABLE model_aliases IS 'Which API offers serve which open-weight model';
COMMENT ON COLUMN model_aliases.provider IS '[-] provider, as in api_prices';
COMMENT ON COLUMN model_aliases.api_model IS '[-] the provider''s exact name of the model, as in api_prices';
COMMENT ON COLUMN model_aliases.model_id IS '[-] key of models; empty: an open-weight model that models does not hold';
COMMENT ON COLUMN model_aliases.variant IS '[-] how the offer differs: turbo, fp8, specdec, long-context, fine-tune …';
COMMENT ON COLUMN model_aliases.unmapped_reason IS '[-] why model_id is empty';
COMMENT ON COLUMN model_aliases.source_id IS '[-] key of sources';
COMMENT ON COLUMN model_aliases.as_of IS '[date] day it was decided';

CREATE TABLE catalogue_rules (
    rule VARCHAR NOT NULL CHECK (rule IN ('gateway', 'gateway-prefix', 'mixed-host', 'closed-model', 'open-family', 'not-text', 'closed-name', 'version', 'twin', 'cache-multiples', 'list-key', 'list-key-known')),
    pattern VARCHAR NOT NULL,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    as_of DATE NOT NULL,
    PRIMARY KEY (rule, pattern)
);
COMMENT ON TABLE catalogue_rules IS 'By which names an API offer is a reseller''s, or looks like a text model with published weights';
COMMENT ON COLUMN catalogue_rules.rule IS '[-] gateway, gateway-prefix: a provider that bills for models which others serve; mixed-host: one that does so for closed-model; open-family: published weights, but not of not-text and closed-name; version: what tells issues of one model apart that have one price; twin: two ids of one price list; cache-multiples: the maker bills reads, writes and writes for an hour of the cache in these multiples of the input price; list-key, list-key-known: which keys of litellm''s price map are offers of which provider, the second of names only that another list has';
COMMENT ON COLUMN catalogue_rules.pattern IS '[-] a provider as in api_prices (gateway, mixed-host), its beginning (gateway-prefix), or a regular expression: at the start of a model''s name (closed-model), anywhere in it (version), in the lower-case name without its maker (the others); of a twin both providers, of cache-multiples a part of the name and the multiples, of list-key litellm''s provider, a colon and the beginning of the key, and the provider, with = between';
COMMENT ON COLUMN catalogue_rules.notes IS '[-] why';
COMMENT ON COLUMN catalogue_rules.source_id IS '[-] key of sources';
COMMENT ON COLUMN catalogue_rules.as_of IS '[date] day it was decided';

CREATE TABLE name_rules (
    rule VARCHAR NOT NULL CHECK (rule IN ('rewrite', 'hint', 'fallback')),
    pattern VARCHAR NOT NULL,
    replacement VARCHAR,
    provider VARCHAR,
    factor DECIMAL(6, 4) CHECK (factor >= 0 AND factor <= 10),
    says VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    as_of DATE NOT NULL,
    CHECK (rule = 'rewrite' OR provider IS NOT NULL)
);
COMMENT ON TABLE name_rules IS 'How a name in a file becomes the name of an API offer, in the order in which the rules are tried';
COMMENT ON COLUMN name_rules.rule IS '[-] rewrite: where the expression fits, the name becomes the replacement; hint: a file''s word for who bills; fallback: whose price stands in where a provider has none';
COMMENT ON COLUMN name_rules.pattern IS '[-] regular expression (rewrite), word (hint), or provider (fallback)';
COMMENT ON COLUMN name_rules.replacement IS '[-] what stands instead; empty: nothing';
COMMENT ON COLUMN name_rules.provider IS '[-] who bills, as in api_prices; empty: as before';
COMMENT ON COLUMN name_rules.factor IS '[-] what the list price is multiplied by; 0: free; empty: 1';
COMMENT ON COLUMN name_rules.says IS '[-] the same in words, for the reader of an answer';
COMMENT ON COLUMN name_rules.source_id IS '[-] key of sources';
COMMENT ON COLUMN name_rules.as_of IS '[date] day it was decided';

CREATE TABLE region_factors (
    provider VARCHAR NOT NULL,
    pattern VARCHAR NOT NULL,
    region VARCHAR NOT NULL CHECK (region = lower(region) AND length(region) > 0),
    factor DECIMAL(6, 4) NOT NULL CHECK (factor BETWEEN 0.5 AND 3),
    valid_from DATE NOT NULL,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    PRIMARY KEY (provider, pattern, region, valid_from)
);
COMMENT ON TABLE region_factors IS 'What requests cost more where they must be served in one region, as a factor on every price per token';
COMMENT ON COLUMN region_factors.provider IS '[-] who bills, as in api_prices';
COMMENT ON COLUMN region_factors.pattern IS '[-] regular expression that the whole name of the model in api_prices fits';
COMMENT ON COLUMN region_factors.region IS '[-] region as the provider''s usage report names it, in small letters';
COMMENT ON COLUMN region_factors.factor IS '[-] multiple of the list price; fees and searches are not multiplied';
COMMENT ON COLUMN region_factors.valid_from IS '[date] first day on which it holds';
COMMENT ON COLUMN region_factors.notes IS '[-] notes';
COMMENT ON COLUMN region_factors.source_id IS '[-] key of sources';
COMMENT ON COLUMN region_factors.locator IS '[-] where in the source';
COMMENT ON COLUMN region_factors.as_of IS '[date] day the source was read';

CREATE TABLE api_ends (
    api_offer_id VARCHAR PRIMARY KEY,
    ends_on DATE NOT NULL,
    successor VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL
);
COMMENT ON TABLE api_ends IS 'When API offers ended or will end, and what their makers name instead; a price list''s word, which can differ from the maker''s page by days';
COMMENT ON COLUMN api_ends.api_offer_id IS '[-] offer of api_prices';
COMMENT ON COLUMN api_ends.ends_on IS '[date] first day on which it is no longer sold';
COMMENT ON COLUMN api_ends.successor IS '[-] offer of api_prices that takes its place; empty: none is named, or it has no price here';
COMMENT ON COLUMN api_ends.source_id IS '[-] key of sources';
COMMENT ON COLUMN api_ends.locator IS '[-] where in the source';
COMMENT ON COLUMN api_ends.as_of IS '[date] day the source was read';

CREATE TABLE price_exceptions (
    rule VARCHAR NOT NULL CHECK (rule IN ('family', 'cache', 'tier')),
    api_offer_id VARCHAR NOT NULL,
    reason VARCHAR NOT NULL CHECK (length(reason) > 0),
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    as_of DATE NOT NULL,
    PRIMARY KEY (rule, api_offer_id)
);
COMMENT ON TABLE price_exceptions IS 'API offers whose prices break a rule of data check, and why';
COMMENT ON COLUMN price_exceptions.rule IS '[-] family: a dated name charges what its family does; cache: reading costs no more than the prompt, and who bills writes has a price for them; tier: long requests are priced whole and no lower';
COMMENT ON COLUMN price_exceptions.api_offer_id IS '[-] offer of api_prices';
COMMENT ON COLUMN price_exceptions.reason IS '[-] why it is so';
COMMENT ON COLUMN price_exceptions.source_id IS '[-] key of sources';
COMMENT ON COLUMN price_exceptions.as_of IS '[date] day it was decided';

CREATE TABLE name_tests (
    name VARCHAR NOT NULL,
    hint VARCHAR,
    api_offer_id VARCHAR,
    factor DECIMAL(6, 4) CHECK (factor >= 0),
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    as_of DATE NOT NULL
);
COMMENT ON TABLE name_tests IS 'Names as files have them, and the offer that each must come to; data check runs them';
COMMENT ON COLUMN name_tests.name IS '[-] as written';
COMMENT ON COLUMN name_tests.hint IS '[-] who bills, as far as the file says';
COMMENT ON COLUMN name_tests.api_offer_id IS '[-] the offer of api_prices that it means; empty: none, it must stay unpriced';
COMMENT ON COLUMN name_tests.factor IS '[-] what its price is multiplied by; empty: 1';
COMMENT ON COLUMN name_tests.notes IS '[-] what is to be seen';
COMMENT ON COLUMN name_tests.source_id IS '[-] key of sources: where such a name was seen';
COMMENT ON COLUMN name_tests.as_of IS '[date] day it was decided, at whose prices it is run';

CREATE TABLE api_prices (
    api_offer_id VARCHAR NOT NULL,
    provider VARCHAR NOT NULL,
    api_model VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    valid_from DATE NOT NULL,
    valid_from_kind VARCHAR NOT NULL CHECK (valid_from_kind IN ('dated', 'first-seen', 'catalogue', 'published')),
    valid_to DATE,
    processing VARCHAR NOT NULL CHECK (processing IN ('standard', 'batch', 'flex', 'priority', 'fast')),
    tier_above_tokens BIGINT NOT NULL CHECK (tier_above_tokens >= 0),
    input_usd_per_mtok DECIMAL(18, 9) CHECK (input_usd_per_mtok >= 0),
    output_usd_per_mtok DECIMAL(18, 9) CHECK (output_usd_per_mtok >= 0),
    cache_read_usd_per_mtok DECIMAL(18, 9) CHECK (cache_read_usd_per_mtok >= 0),
    cache_write_5m_usd_per_mtok DECIMAL(18, 9) CHECK (cache_write_5m_usd_per_mtok >= 0),
    cache_write_1h_usd_per_mtok DECIMAL(18, 9) CHECK (cache_write_1h_usd_per_mtok >= 0),
    usd_per_request DECIMAL(18, 9) CHECK (usd_per_request >= 0),
    audio_input_usd_per_mtok DECIMAL(18, 9) CHECK (audio_input_usd_per_mtok >= 0),
    audio_cache_read_usd_per_mtok DECIMAL(18, 9) CHECK (audio_cache_read_usd_per_mtok >= 0),
    audio_output_usd_per_mtok DECIMAL(18, 9) CHECK (audio_output_usd_per_mtok >= 0),
    image_input_usd_per_mtok DECIMAL(18, 9) CHECK (image_input_usd_per_mtok >= 0),
    image_cache_read_usd_per_mtok DECIMAL(18, 9) CHECK (image_cache_read_usd_per_mtok >= 0),
    image_output_usd_per_mtok DECIMAL(18, 9) CHECK (image_output_usd_per_mtok >= 0),
    web_search_usd_per_1000 DECIMAL(18, 9) CHECK (web_search_usd_per_1000 >= 0),
    context_tokens BIGINT CHECK (context_tokens > 0),
    reseller BOOLEAN NOT NULL,
    deprecated BOOLEAN NOT NULL,
    flag VARCHAR,
    notes VARCHAR,
    meter_sources VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    PRIMARY KEY (api_offer_id, valid_from, processing, tier_above_tokens),
    CHECK (valid_to IS NULL OR valid_to > valid_from)
);
COMMENT ON TABLE api_prices IS 'Token prices of every API offer, dated; one row per offer, first day, processing and tier';
COMMENT ON COLUMN api_prices.api_offer_id IS '[-] provider/model';
COMMENT ON COLUMN api_prices.provider IS '[-] who bills';
COMMENT ON COLUMN api_prices.api_model IS '[-] the provider''s name of the model';
COMMENT ON COLUMN api_prices.name IS '[-] name as people write it';
COMMENT ON COLUMN api_prices.valid_from IS '[date] first day on which the price holds or was seen';
COMMENT ON COLUMN api_prices.valid_from_kind IS '[-] how that day is known: dated by the catalogue, first seen in a release, day of the catalogue, or published';
COMMENT ON COLUMN api_prices.valid_to IS '[date] first day on which the price no longer holds or was last seen; empty: still in force or replaced by a later row';
COMMENT ON COLUMN api_prices.processing IS '[-] standard; batch: answered within hours; flex: when there is room; priority: before others; fast: a faster mode of the model';
COMMENT ON COLUMN api_prices.tier_above_tokens IS '[tokens] the row prices whole requests with more input tokens than this (0: the base)';
COMMENT ON COLUMN api_prices.input_usd_per_mtok IS '[USD per 1e6 tokens] uncached input; empty: not sold by the token';
COMMENT ON COLUMN api_prices.output_usd_per_mtok IS '[USD per 1e6 tokens] output, reasoning included';
COMMENT ON COLUMN api_prices.cache_read_usd_per_mtok IS '[USD per 1e6 tokens] input read from a cache; empty: charged as input';
COMMENT ON COLUMN api_prices.cache_write_5m_usd_per_mtok IS '[USD per 1e6 tokens] input written to a cache; empty: charged as input';
COMMENT ON COLUMN api_prices.cache_write_1h_usd_per_mtok IS '[USD per 1e6 tokens] input written to a one-hour cache; empty: as the short one';
COMMENT ON COLUMN api_prices.usd_per_request IS '[USD] fee per request';
COMMENT ON COLUMN api_prices.audio_input_usd_per_mtok IS '[USD per 1e6 tokens] input of audio; empty: charged as text';
COMMENT ON COLUMN api_prices.audio_cache_read_usd_per_mtok IS '[USD per 1e6 tokens] audio read from a cache; empty: charged as not cached';
COMMENT ON COLUMN api_prices.audio_output_usd_per_mtok IS '[USD per 1e6 tokens] output of audio; empty: charged as text';
COMMENT ON COLUMN api_prices.image_input_usd_per_mtok IS '[USD per 1e6 tokens] input of images; empty: charged as text';
COMMENT ON COLUMN api_prices.image_cache_read_usd_per_mtok IS '[USD per 1e6 tokens] images read from a cache; empty: charged as not cached';
COMMENT ON COLUMN api_prices.image_output_usd_per_mtok IS '[USD per 1e6 tokens] output of images; empty: charged as text';
COMMENT ON COLUMN api_prices.web_search_usd_per_1000 IS '[USD per 1000] searches of the web; empty: no price is known';
COMMENT ON COLUMN api_prices.context_tokens IS '[tokens] longest input; empty: not stated';
COMMENT ON COLUMN api_prices.reseller IS '[-] passes on another host''s model; left out of "cheapest" unless asked';
COMMENT ON COLUMN api_prices.deprecated IS '[-] the provider is retiring it';
COMMENT ON COLUMN api_prices.flag IS '[-] what looks wrong with the price; flagged offers are never the default';
COMMENT ON COLUMN api_prices.notes IS '[-] what the row leaves out (time-of-day prices, other fees)';
COMMENT ON COLUMN api_prices.meter_sources IS '[-] prices that do not come from source_id: column = source and place, with semicolons between';
COMMENT ON COLUMN api_prices.source_id IS '[-] key of sources';
COMMENT ON COLUMN api_prices.locator IS '[-] where in the source';
COMMENT ON COLUMN api_prices.as_of IS '[date] day the source was read';

CREATE TABLE benchmarks (
    benchmark_id VARCHAR PRIMARY KEY,
    source_family VARCHAR NOT NULL,
    model_as_published VARCHAR NOT NULL,
    model_id VARCHAR REFERENCES models (model_id),
    gpu_as_published VARCHAR NOT NULL,
    gpu_id VARCHAR REFERENCES gpus (gpu_id),
    gpu_count DOUBLE CHECK (gpu_count > 0),
    engine VARCHAR,
    engine_version VARCHAR,
    precision VARCHAR,
    mode VARCHAR NOT NULL,
    parallelism VARCHAR,
    tensor_parallel INTEGER CHECK (tensor_parallel > 0),
    prompt_tokens DOUBLE CHECK (prompt_tokens > 0),
    completion_tokens DOUBLE CHECK (completion_tokens > 0),
    concurrency DOUBLE CHECK (concurrency > 0),
    batch_size DOUBLE CHECK (batch_size > 0),
    metric VARCHAR NOT NULL CHECK (metric IN ('output_throughput', 'latency_pair', 'ttft', 'static_batch_times', 'api_latency')),
    raw_value DOUBLE CHECK (raw_value > 0),
    raw_unit VARCHAR,
    output_tokens_per_s_per_gpu DOUBLE CHECK (output_tokens_per_s_per_gpu > 0),
    ttft_s DOUBLE CHECK (ttft_s > 0),
    tpot_s DOUBLE CHECK (tpot_s > 0),
    completion_s DOUBLE CHECK (completion_s > 0),
    workload_class VARCHAR,
    ambiguous VARCHAR,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL
);
COMMENT ON TABLE benchmarks IS 'Measured speeds, raw value kept beside the normalised one';
COMMENT ON COLUMN benchmarks.benchmark_id IS '[-] key';
COMMENT ON COLUMN benchmarks.source_family IS '[-] which collection of measurements';
COMMENT ON COLUMN benchmarks.model_as_published IS '[-] the source''s name of the model';
COMMENT ON COLUMN benchmarks.model_id IS '[-] key of models; empty: not held there';
COMMENT ON COLUMN benchmarks.gpu_as_published IS '[-] the source''s name of the device';
COMMENT ON COLUMN benchmarks.gpu_id IS '[-] key of gpus; empty: an API, or not held there';
COMMENT ON COLUMN benchmarks.gpu_count IS '[-] GPUs used together';
COMMENT ON COLUMN benchmarks.engine IS '[-] tensorrt-llm, vllm, sglang; with a year, an engine as it was then: tgi-2023, vllm-2023 …';
COMMENT ON COLUMN benchmarks.engine_version IS '[-] version as published';
COMMENT ON COLUMN benchmarks.precision IS '[-] number format of the weights';
COMMENT ON COLUMN benchmarks.mode IS '[-] how it was measured: static-batch, offline-max-throughput, online-agg, mlperf-*, api';
COMMENT ON COLUMN benchmarks.parallelism IS '[-] as published';
COMMENT ON COLUMN benchmarks.tensor_parallel IS '[-] GPUs that share each layer, where the source says';
COMMENT ON COLUMN benchmarks.prompt_tokens IS '[tokens] prompt length, nominal';
COMMENT ON COLUMN benchmarks.completion_tokens IS '[tokens] completion length, nominal';
COMMENT ON COLUMN benchmarks.concurrency IS '[-] clients at once';
COMMENT ON COLUMN benchmarks.batch_size IS '[-] sequences in a static batch';
COMMENT ON COLUMN benchmarks.metric IS '[-] what was measured';
COMMENT ON COLUMN benchmarks.raw_value IS '[raw_unit] as published';
COMMENT ON COLUMN benchmarks.raw_unit IS '[-] unit as published';
COMMENT ON COLUMN benchmarks.output_tokens_per_s_per_gpu IS '[tokens/s] completion tokens per second and GPU; empty where the unit is ambiguous';
COMMENT ON COLUMN benchmarks.ttft_s IS '[s] time to first token';
COMMENT ON COLUMN benchmarks.tpot_s IS '[s] time per output token after the first';
COMMENT ON COLUMN benchmarks.completion_s IS '[s] time for the completion';
COMMENT ON COLUMN benchmarks.workload_class IS '[-] prompt_heavy, generation_heavy, balanced';
COMMENT ON COLUMN benchmarks.ambiguous IS '[-] what the source leaves open; empty: nothing';
COMMENT ON COLUMN benchmarks.notes IS '[-] notes';
COMMENT ON COLUMN benchmarks.source_id IS '[-] key of sources';
COMMENT ON COLUMN benchmarks.locator IS '[-] where in the source';
COMMENT ON COLUMN benchmarks.as_of IS '[date] day of the measurement or release';

CREATE TABLE benchmark_notes (
    note VARCHAR NOT NULL CHECK (note IN ('length-share', 'step-tokens', 'batch-wait-steps', 'usable-memory', 'batch', 'requests', 'prompt-tokens')),
    source_family VARCHAR,
    engine VARCHAR,
    model_id VARCHAR REFERENCES models (model_id),
    prompt_tokens DOUBLE CHECK (prompt_tokens > 0),
    completion_tokens DOUBLE CHECK (completion_tokens > 0),
    value DOUBLE NOT NULL CHECK (value > 0),
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL
);
COMMENT ON TABLE benchmark_notes IS 'What benchmarks do not state row by row and a prediction needs: how the runs were set up';
COMMENT ON COLUMN benchmark_notes.note IS '[-] length-share: mean of the lengths drawn over the nominal one; step-tokens: tokens that one step takes at most; batch-wait-steps: decode steps that the server holds prompts back; usable-memory: share of the memory; batch: most sequences together; requests: of an offline run; prompt-tokens: where none is stated';
COMMENT ON COLUMN benchmark_notes.source_family IS '[-] as in benchmarks; empty: any, and one''s own runs';
COMMENT ON COLUMN benchmark_notes.engine IS '[-] as in benchmarks; empty: any';
COMMENT ON COLUMN benchmark_notes.model_id IS '[-] key of models; empty: any';
COMMENT ON COLUMN benchmark_notes.prompt_tokens IS '[tokens] nominal prompt length; empty: any';
COMMENT ON COLUMN benchmark_notes.completion_tokens IS '[tokens] nominal completion length; empty: any';
COMMENT ON COLUMN benchmark_notes.value IS '[tokens, steps, sequences, requests or 0 to 1, by note] the row that says most of a run counts';
COMMENT ON COLUMN benchmark_notes.source_id IS '[-] key of sources';
COMMENT ON COLUMN benchmark_notes.locator IS '[-] where in the source, or why';
COMMENT ON COLUMN benchmark_notes.as_of IS '[date] day the source was read';

CREATE TABLE efficiency (
    efficiency_id VARCHAR PRIMARY KEY,
    engine VARCHAR NOT NULL,
    gpu_family VARCHAR NOT NULL,
    precision_class VARCHAR NOT NULL CHECK (precision_class IN ('fp16', 'fp8', 'fp4', 'any')),
    mode VARCHAR NOT NULL CHECK (mode IN ('static', 'continuous')),
    mfu DOUBLE NOT NULL CHECK (mfu > 0 AND mfu <= 1),
    mbu DOUBLE NOT NULL CHECK (mbu > 0 AND mbu <= 1),
    kv_mbu DOUBLE NOT NULL CHECK (kv_mbu > 0 AND kv_mbu <= 1),
    link_share DOUBLE NOT NULL CHECK (link_share > 0 AND link_share <= 1),
    link_latency_s DOUBLE NOT NULL CHECK (link_latency_s >= 0),
    prefill_overhead_s DOUBLE NOT NULL CHECK (prefill_overhead_s >= 0),
    step_overhead_s DOUBLE NOT NULL CHECK (step_overhead_s >= 0),
    layer_overhead_s DOUBLE NOT NULL CHECK (layer_overhead_s >= 0),
    sequence_overhead_s DOUBLE NOT NULL CHECK (sequence_overhead_s >= 0),
    context_overhead_s DOUBLE NOT NULL CHECK (context_overhead_s >= 0),
    ttft_fixed_s DOUBLE NOT NULL CHECK (ttft_fixed_s >= 0),
    first_token_steps DOUBLE NOT NULL CHECK (first_token_steps > 0),
    busy_steps DOUBLE NOT NULL CHECK (busy_steps >= 0),
    busy_fixed_s DOUBLE NOT NULL CHECK (busy_fixed_s >= 0),
    queue_share DOUBLE NOT NULL CHECK (queue_share >= 0 AND queue_share <= 1),
    expert_mfu DOUBLE NOT NULL CHECK (expert_mfu > 0 AND expert_mfu <= 1),
    expert_mbu DOUBLE NOT NULL CHECK (expert_mbu > 0 AND expert_mbu <= 1),
    expert_overhead_s DOUBLE NOT NULL CHECK (expert_overhead_s >= 0),
    latent_overhead_s DOUBLE NOT NULL CHECK (latent_overhead_s >= 0),
    ttft_factor_low DOUBLE NOT NULL CHECK (ttft_factor_low > 0 AND ttft_factor_low <= 1),
    ttft_factor_high DOUBLE NOT NULL CHECK (ttft_factor_high >= 1),
    ttft_alone_factor_low DOUBLE NOT NULL CHECK (ttft_alone_factor_low > 0 AND ttft_alone_factor_low <= 1),
    ttft_alone_factor_high DOUBLE NOT NULL CHECK (ttft_alone_factor_high >= 1),
    range_level DOUBLE NOT NULL CHECK (range_level > 0 AND range_level < 1),
    tpot_factor_low DOUBLE NOT NULL CHECK (tpot_factor_low > 0 AND tpot_factor_low <= 1),
    tpot_factor_high DOUBLE NOT NULL CHECK (tpot_factor_high >= 1),
    ttft_median_error DOUBLE CHECK (ttft_median_error >= 0),
    tpot_median_error DOUBLE CHECK (tpot_median_error >= 0),
    n_rows INTEGER NOT NULL CHECK (n_rows >= 0),
    min_gpus INTEGER NOT NULL CHECK (min_gpus > 0),
    max_gpus INTEGER NOT NULL,
    architecture VARCHAR,
    range_of VARCHAR NOT NULL CHECK (range_of IN ('model', 'gpu', 'pooled')),
    fitted_on VARCHAR NOT NULL,
    method VARCHAR NOT NULL CHECK (method IN ('fitted by hand', 'fitted', 'pooled', 'assumed')),
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    as_of DATE NOT NULL,
    CHECK (max_gpus >= min_gpus)
);
COMMENT ON TABLE efficiency IS 'What share of the peak rates an engine reaches, and its fixed times';
COMMENT ON COLUMN efficiency.efficiency_id IS '[-] key';
COMMENT ON COLUMN efficiency.engine IS '[-] serving engine; "pooled" for the fall-back rows';
COMMENT ON COLUMN efficiency.gpu_family IS '[-] as in gpus; "any" for a fall-back row';
COMMENT ON COLUMN efficiency.precision_class IS '[-] rate that the linear layers compute at';
COMMENT ON COLUMN efficiency.mode IS '[-] static batch or continuous batching';
COMMENT ON COLUMN efficiency.mfu IS '[0 to 1] share of the dense peak FLOP/s';
COMMENT ON COLUMN efficiency.mbu IS '[0 to 1] share of the memory bandwidth when weights are read';
COMMENT ON COLUMN efficiency.kv_mbu IS '[0 to 1] share of the memory bandwidth when the KV cache is read';
COMMENT ON COLUMN efficiency.link_share IS '[0 to 1] share of the link bandwidth';
COMMENT ON COLUMN efficiency.link_latency_s IS '[s] fixed time of one all-reduce';
COMMENT ON COLUMN efficiency.prefill_overhead_s IS '[s] fixed time of one prefill';
COMMENT ON COLUMN efficiency.step_overhead_s IS '[s] fixed time of one decode step';
COMMENT ON COLUMN efficiency.layer_overhead_s IS '[s] fixed time of one layer in one decode step';
COMMENT ON COLUMN efficiency.sequence_overhead_s IS '[s] time per sequence in one decode step';
COMMENT ON COLUMN efficiency.context_overhead_s IS '[s] time per token of context in one decode step, whatever the batch (an attention kernel that does not split the cache)';
COMMENT ON COLUMN efficiency.ttft_fixed_s IS '[s] fixed time before the first token that no GPU spends (request handling)';
COMMENT ON COLUMN efficiency.first_token_steps IS '[-] decode steps from the end of a prefill until the client sees a token, whatever the load';
COMMENT ON COLUMN efficiency.busy_steps IS '[-] decode steps that a first token takes more while others decode: the server polls and streams every so many; none alone';
COMMENT ON COLUMN efficiency.busy_fixed_s IS '[s] time that a first token takes more while others are served, whatever the steps; none alone';
COMMENT ON COLUMN efficiency.queue_share IS '[0 to 1] share of the neighbours'' prompts that are read before one''s own';
COMMENT ON COLUMN efficiency.expert_mfu IS '[0 to 1] what routed experts reach of mfu';
COMMENT ON COLUMN efficiency.expert_mbu IS '[0 to 1] what routed experts reach of mbu when their weights are read';
COMMENT ON COLUMN efficiency.expert_overhead_s IS '[s] fixed time of routing in one layer of a decode step, mixtures of experts only';
COMMENT ON COLUMN efficiency.latent_overhead_s IS '[s] fixed time of latent attention in one layer of a decode step, models with it only';
COMMENT ON COLUMN efficiency.ttft_factor_low IS '[-] measured over predicted TTFT at load, 10th percentile of comparable rows that the fit did not see';
COMMENT ON COLUMN efficiency.ttft_factor_high IS '[-] the same, 90th percentile';
COMMENT ON COLUMN efficiency.ttft_alone_factor_low IS '[-] the same of TTFT alone: one prompt, or at most four clients';
COMMENT ON COLUMN efficiency.ttft_alone_factor_high IS '[-] the same, 90th percentile';
COMMENT ON COLUMN efficiency.range_level IS '[0 to 1] share of measured rows that each range is to hold';
COMMENT ON COLUMN efficiency.tpot_factor_low IS '[-] measured over predicted TPOT, 10th percentile';
COMMENT ON COLUMN efficiency.tpot_factor_high IS '[-] the same, 90th percentile';
COMMENT ON COLUMN efficiency.ttft_median_error IS '[0 to 1] median absolute relative error of TTFT; empty: not measured';
COMMENT ON COLUMN efficiency.tpot_median_error IS '[0 to 1] median absolute relative error of TPOT, or of throughput where only that was measured';
COMMENT ON COLUMN efficiency.n_rows IS '[-] measured rows used';
COMMENT ON COLUMN efficiency.min_gpus IS '[-] fewest GPUs in those rows';
COMMENT ON COLUMN efficiency.max_gpus IS '[-] most GPUs in those rows';
COMMENT ON COLUMN efficiency.architecture IS '[-] layers, width, heads, KV heads, experts, width of an expert of the models that the row is for; empty: any that has no row of its own';
COMMENT ON COLUMN efficiency.range_of IS '[-] whose rows the ranges hold: of the model itself, of other models on this GPU, or pooled over other GPUs';
COMMENT ON COLUMN efficiency.fitted_on IS '[-] which rows of benchmarks';
COMMENT ON COLUMN efficiency.method IS '[-] how the row came about';
COMMENT ON COLUMN efficiency.notes IS '[-] notes';
COMMENT ON COLUMN efficiency.source_id IS '[-] key of sources';
COMMENT ON COLUMN efficiency.as_of IS '[date] day of the fit';

CREATE TABLE calibration_errors (
    benchmark_id VARCHAR NOT NULL REFERENCES benchmarks (benchmark_id),
    quantity VARCHAR NOT NULL CHECK (quantity IN ('ttft', 'tpot', 'throughput')),
    in_sample DOUBLE NOT NULL CHECK (in_sample > 0),
    by_cell DOUBLE CHECK (by_cell > 0),
    by_model DOUBLE CHECK (by_model > 0),
    by_gpu DOUBLE CHECK (by_gpu > 0),
    by_shape DOUBLE CHECK (by_shape > 0),
    by_concurrency DOUBLE CHECK (by_concurrency > 0),
    by_parallel DOUBLE CHECK (by_parallel > 0),
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    as_of DATE NOT NULL,
    PRIMARY KEY (benchmark_id, quantity)
);
COMMENT ON TABLE calibration_errors IS 'Predicted over measured of every benchmark row, with and without the row in the fit; written by breakeven calibrate';
COMMENT ON COLUMN calibration_errors.benchmark_id IS '[-] key of benchmarks';
COMMENT ON COLUMN calibration_errors.quantity IS '[-] time to the first token, time per output token, or throughput';
COMMENT ON COLUMN calibration_errors.in_sample IS '[-] predicted over measured by the shipped efficiency row';
COMMENT ON COLUMN calibration_errors.by_cell IS '[-] by a fit that saw no row of the model on that GPU by that engine at those lengths on that many GPUs';
COMMENT ON COLUMN calibration_errors.by_model IS '[-] the same by a fit that saw no row of the model''s architecture';
COMMENT ON COLUMN calibration_errors.by_gpu IS '[-] by a fit that saw no row of the GPU family';
COMMENT ON COLUMN calibration_errors.by_shape IS '[-] by a fit that saw no row of that prompt and completion length';
COMMENT ON COLUMN calibration_errors.by_concurrency IS '[-] by a fit that saw no row of that many clients; empty: not an online run';
COMMENT ON COLUMN calibration_errors.by_parallel IS '[-] by a fit that saw no row of the model at that rate on that many GPUs';
COMMENT ON COLUMN calibration_errors.source_id IS '[-] key of sources';
COMMENT ON COLUMN calibration_errors.as_of IS '[date] day of the fit';

CREATE TABLE peer_errors (
    peer_error_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(peer_error_id, '[a-z0-9][a-z0-9._-]*')),
    ground VARCHAR NOT NULL,
    rows VARCHAR NOT NULL CHECK (rows IN ('article', 'llama-70b')),
    quantity VARCHAR NOT NULL CHECK (quantity IN ('prefill', 'decode', 'TPOT', 'TTFT')),
    peer VARCHAR NOT NULL,
    error DOUBLE NOT NULL CHECK (error > 0 AND error < 10),
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL
);
COMMENT ON TABLE peer_errors IS 'Errors of other predictors on measured rows that benchmarks holds too';
COMMENT ON COLUMN peer_errors.peer_error_id IS '[-] key';
COMMENT ON COLUMN peer_errors.ground IS '[-] which measurements, in words';
COMMENT ON COLUMN peer_errors.rows IS '[-] which rows of benchmarks';
COMMENT ON COLUMN peer_errors.quantity IS '[-] what was predicted';
COMMENT ON COLUMN peer_errors.peer IS '[-] which predictor, in words';
COMMENT ON COLUMN peer_errors.error IS '[0 to 1] absolute relative error';
COMMENT ON COLUMN peer_errors.source_id IS '[-] key of sources';
COMMENT ON COLUMN peer_errors.locator IS '[-] where in the source';
COMMENT ON COLUMN peer_errors.as_of IS '[date] day it was compared';

CREATE TABLE presets (
    preset_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(preset_id, '[a-z0-9][a-z0-9._-]*')),
    name VARCHAR NOT NULL,
    prompt_tokens INTEGER NOT NULL CHECK (prompt_tokens > 0),
    completion_tokens INTEGER NOT NULL CHECK (completion_tokens > 0),
    workload_class VARCHAR NOT NULL CHECK (workload_class IN ('prompt-heavy', 'balanced', 'generation-heavy')),
    description VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL
);
COMMENT ON TABLE presets IS 'Workload shapes to start from';
COMMENT ON COLUMN presets.preset_id IS '[-] key';
COMMENT ON COLUMN presets.name IS '[-] name on the page';
COMMENT ON COLUMN presets.prompt_tokens IS '[tokens] prompt of one request';
COMMENT ON COLUMN presets.completion_tokens IS '[tokens] completion of one request';
COMMENT ON COLUMN presets.workload_class IS '[-] prompt-heavy, balanced or generation-heavy';
COMMENT ON COLUMN presets.description IS '[-] what such a request is';
COMMENT ON COLUMN presets.source_id IS '[-] key of sources';
COMMENT ON COLUMN presets.locator IS '[-] where in the source';
COMMENT ON COLUMN presets.as_of IS '[date] day it was read or decided';

CREATE TABLE rules_of_thumb (
    rule_id VARCHAR NOT NULL CHECK (regexp_full_match(rule_id, '[a-z0-9][a-z0-9._-]*')),
    item VARCHAR NOT NULL,
    as_quoted VARCHAR NOT NULL,
    low DOUBLE NOT NULL CHECK (low > 0),
    high DOUBLE NOT NULL CHECK (high > 0),
    unit VARCHAR NOT NULL,
    said_on DATE NOT NULL,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    PRIMARY KEY (rule_id, item),
    CHECK (low <= high)
);
COMMENT ON TABLE rules_of_thumb IS 'Numbers that the rules of thumb quote or start from; what they give is computed, never stored';
COMMENT ON COLUMN rules_of_thumb.rule_id IS '[-] rule on the page Numbers';
COMMENT ON COLUMN rules_of_thumb.item IS '[-] quoted: the rule itself; anything else: a number that its working uses';
COMMENT ON COLUMN rules_of_thumb.as_quoted IS '[-] as the source writes it';
COMMENT ON COLUMN rules_of_thumb.low IS '[unit] the number, or the lower end of its range';
COMMENT ON COLUMN rules_of_thumb.high IS '[unit] the upper end; equal to low where there is no range';
COMMENT ON COLUMN rules_of_thumb.unit IS '[-] unit of low and high';
COMMENT ON COLUMN rules_of_thumb.said_on IS '[date] day from which the number was said or holds';
COMMENT ON COLUMN rules_of_thumb.notes IS '[-] what the source leaves open';
COMMENT ON COLUMN rules_of_thumb.source_id IS '[-] key of sources';
COMMENT ON COLUMN rules_of_thumb.locator IS '[-] where in the source';
COMMENT ON COLUMN rules_of_thumb.as_of IS '[date] day the source was read';

CREATE TABLE offer_roles (
    role VARCHAR NOT NULL CHECK (role IN ('frontier', 'small', 'embedding', 'tuned', 'tuned-base', 'maker')),
    provider VARCHAR NOT NULL,
    place INTEGER NOT NULL CHECK (place > 0),
    api_model VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    PRIMARY KEY (role, provider, place)
);
COMMENT ON TABLE offer_roles IS 'Which API offers stand for a kind of model when price ratios are drawn over time';
COMMENT ON COLUMN offer_roles.role IS '[-] frontier, small, embedding, tuned and its tuned-base; maker: sells models of its own';
COMMENT ON COLUMN offer_roles.provider IS '[-] provider, as in api_prices';
COMMENT ON COLUMN offer_roles.place IS '[-] order in time: the last one with a price in force on a day is taken';
COMMENT ON COLUMN offer_roles.api_model IS '[-] the provider''s name of the model, as in api_prices; * for a maker';
COMMENT ON COLUMN offer_roles.source_id IS '[-] key of sources';
COMMENT ON COLUMN offer_roles.locator IS '[-] why this one';
COMMENT ON COLUMN offer_roles.as_of IS '[date] day it was decided';

CREATE TABLE sanger_appendix (
    benchmark_id VARCHAR PRIMARY KEY REFERENCES benchmarks (benchmark_id),
    ttft_s DOUBLE NOT NULL CHECK (ttft_s > 0),
    tokens_per_s DOUBLE NOT NULL CHECK (tokens_per_s > 0),
    tflops_per_gpu DOUBLE NOT NULL CHECK (tflops_per_gpu > 0),
    tb_per_s_per_gpu DOUBLE NOT NULL CHECK (tb_per_s_per_gpu > 0),
    flops_share DOUBLE NOT NULL CHECK (flops_share > 0 AND flops_share <= 1),
    memory_share DOUBLE NOT NULL CHECK (memory_share > 0 AND memory_share <= 1),
    usd_per_1k_prompt DOUBLE NOT NULL CHECK (usd_per_1k_prompt > 0),
    usd_per_1k_completion DOUBLE NOT NULL CHECK (usd_per_1k_completion > 0),
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL
);
COMMENT ON TABLE sanger_appendix IS 'Derived columns of the 2023 appendix as printed, misprints included; what was measured stands in benchmarks';
COMMENT ON COLUMN sanger_appendix.benchmark_id IS '[-] key of benchmarks';
COMMENT ON COLUMN sanger_appendix.ttft_s IS '[s] time to first token as printed';
COMMENT ON COLUMN sanger_appendix.tokens_per_s IS '[tokens/s] completion tokens per second, of one sequence';
COMMENT ON COLUMN sanger_appendix.tflops_per_gpu IS '[TFLOP/s] reached in the prefill, per GPU';
COMMENT ON COLUMN sanger_appendix.tb_per_s_per_gpu IS '[TB/s] memory bandwidth reached, per GPU';
COMMENT ON COLUMN sanger_appendix.flops_share IS '[0 to 1] of the peak FLOP/s';
COMMENT ON COLUMN sanger_appendix.memory_share IS '[0 to 1] of the peak bandwidth';
COMMENT ON COLUMN sanger_appendix.usd_per_1k_prompt IS '[USD per 1000 tokens] prompt';
COMMENT ON COLUMN sanger_appendix.usd_per_1k_completion IS '[USD per 1000 tokens] completion';
COMMENT ON COLUMN sanger_appendix.source_id IS '[-] key of sources';
COMMENT ON COLUMN sanger_appendix.locator IS '[-] where in the source';
COMMENT ON COLUMN sanger_appendix.as_of IS '[date] day it was read';

CREATE TABLE claims (
    claim_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(claim_id, '[a-z0-9][a-z0-9._-]*')),
    document VARCHAR NOT NULL CHECK (document IN ('sanger', 'shrott', 'cost-formula', 'numbers', 'numbers-a', 'numbers-b')),
    section VARCHAR NOT NULL,
    claim VARCHAR NOT NULL CHECK (length(claim) <= 120),
    quoted VARCHAR NOT NULL CHECK (length(quoted) <= 60),
    quoted_value DOUBLE,
    unit VARCHAR NOT NULL,
    scale DOUBLE NOT NULL CHECK (scale > 0),
    relation VARCHAR NOT NULL CHECK (relation IN ('equals', 'at least', 'at most', 'open')),
    last_digit DOUBLE NOT NULL CHECK (last_digit >= 0),
    tolerance DOUBLE NOT NULL CHECK (tolerance BETWEEN 0 AND 0.25),
    expression VARCHAR CHECK (regexp_full_match(expression, '[a-z][a-z0-9_]*')),
    inputs VARCHAR,
    verdict VARCHAR NOT NULL CHECK (verdict IN ('reproduces', 'rounds', 'wrong', 'cannot be checked')),
    explanation VARCHAR NOT NULL,
    page VARCHAR CHECK (page IN ('compare', 'deploy', 'train', 'prices', 'numbers')),
    link VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    CHECK ((verdict = 'cannot be checked') = (expression IS NULL OR relation = 'open')),
    CHECK (relation = 'open' OR quoted_value IS NOT NULL),
    CHECK (inputs IS NULL OR expression IS NOT NULL),
    CHECK ((page IS NULL) = (link IS NULL))
);
COMMENT ON TABLE claims IS 'What the articles state, and how it is recomputed; the recomputed value is never stored';
COMMENT ON COLUMN claims.claim_id IS '[-] key';
COMMENT ON COLUMN claims.document IS '[-] sanger, shrott, cost-formula, numbers (both versions), numbers-a, numbers-b (one version alone)';
COMMENT ON COLUMN claims.section IS '[-] part of the document, in our words';
COMMENT ON COLUMN claims.claim IS '[-] what is stated, in our words';
COMMENT ON COLUMN claims.quoted IS '[-] the figure as printed, with its unit';
COMMENT ON COLUMN claims.quoted_value IS '[unit] the same as a number; empty where it is none';
COMMENT ON COLUMN claims.unit IS '[-] unit of quoted_value';
COMMENT ON COLUMN claims.scale IS '[-] that unit in bytes, FLOP, seconds, tokens, US dollars';
COMMENT ON COLUMN claims.relation IS '[-] what is stated of the recomputed value: equals, at least, at most; open: an input is not stated, the value is shown beside';
COMMENT ON COLUMN claims.last_digit IS '[unit] one step of the last digit printed; within half of it the claim reproduces';
COMMENT ON COLUMN claims.tolerance IS '[0 to 1] relative difference within which the claim counts as rounded; 0: none';
COMMENT ON COLUMN claims.expression IS '[-] name of the recomputation in lib/claims; empty: there is none';
COMMENT ON COLUMN claims.inputs IS '[-] its inputs, key=value separated by spaces; ids of rows, and figures that the document states';
COMMENT ON COLUMN claims.verdict IS '[-] follows from the recomputed value, relation, last_digit and tolerance; a test holds it to that';
COMMENT ON COLUMN claims.explanation IS '[-] why, for a reader';
COMMENT ON COLUMN claims.page IS '[-] page that shows it';
COMMENT ON COLUMN claims.link IS '[-] fields of the scenario and of the page that differ from the usual ones, key=value separated by spaces; a space in a value is +';
COMMENT ON COLUMN claims.source_id IS '[-] key of sources';
COMMENT ON COLUMN claims.locator IS '[-] where in the source';
COMMENT ON COLUMN claims.as_of IS '[date] day it was read';

CREATE TABLE model_scores (
    score_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(score_id, '[a-z0-9][a-z0-9._-]*')),
    benchmark VARCHAR NOT NULL CHECK (benchmark IN ('ECI', 'LMArena text', 'Aider polyglot', 'MMLU')),
    provider VARCHAR,
    api_model VARCHAR,
    model_id VARCHAR REFERENCES models (model_id),
    variant VARCHAR,
    score DOUBLE NOT NULL CHECK (score >= 0),
    score_low DOUBLE,
    score_high DOUBLE,
    setting VARCHAR NOT NULL,
    scored_on DATE,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    CHECK ((provider IS NULL) = (api_model IS NULL)),
    CHECK ((api_model IS NULL) <> (model_id IS NULL)),
    CHECK (variant IS NULL OR model_id IS NOT NULL),
    CHECK (benchmark IN ('ECI', 'LMArena text') OR score <= 100),
    CHECK ((score_low IS NULL) = (score_high IS NULL)),
    CHECK (score_low <= score AND score <= score_high)
);
COMMENT ON TABLE model_scores IS 'Published benchmark scores, to tell which models are of one capability: one row per benchmark and model';
COMMENT ON COLUMN model_scores.score_id IS '[-] key';
COMMENT ON COLUMN model_scores.benchmark IS '[-] ECI: Epoch Capabilities Index, one scale fitted to dozens of benchmarks; LMArena text: rating by votes, style controlled; Aider polyglot: 225 programming exercises; MMLU: questions with four choices from 57 subjects, no reasoning models';
COMMENT ON COLUMN model_scores.provider IS '[-] provider of a model without a row in models, as in api_prices; empty: see model_id';
COMMENT ON COLUMN model_scores.api_model IS '[-] the provider''s exact name of it';
COMMENT ON COLUMN model_scores.model_id IS '[-] key of models; every offer that model_aliases maps to it counts';
COMMENT ON COLUMN model_scores.variant IS '[-] issue of the model, as in model_aliases; empty: the first one';
COMMENT ON COLUMN model_scores.score IS '[-] higher is better; of Aider polyglot and MMLU the share of right answers, in percent';
COMMENT ON COLUMN model_scores.score_low IS '[-] lower end of the list''s own interval (ECI: 90 %); empty: it states none';
COMMENT ON COLUMN model_scores.score_high IS '[-] upper end of it';
COMMENT ON COLUMN model_scores.setting IS '[-] how it was asked: scores in different settings differ by some points';
COMMENT ON COLUMN model_scores.scored_on IS '[date] day of the list or of the run; empty: not stated';
COMMENT ON COLUMN model_scores.notes IS '[-] whose measurement, where it is not the publisher''s own';
COMMENT ON COLUMN model_scores.source_id IS '[-] key of sources';
COMMENT ON COLUMN model_scores.locator IS '[-] where in the source';
COMMENT ON COLUMN model_scores.as_of IS '[date] day it was read';

CREATE TABLE training_runs (
    run_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(run_id, '[a-z0-9][a-z0-9._-]*')),
    name VARCHAR NOT NULL,
    model_id VARCHAR REFERENCES models (model_id),
    published DATE NOT NULL,
    params_active_b DOUBLE NOT NULL CHECK (params_active_b > 0),
    tokens_b DOUBLE NOT NULL CHECK (tokens_b > 0),
    gpu_as_published VARCHAR NOT NULL,
    gpu_id VARCHAR NOT NULL REFERENCES gpus (gpu_id),
    gpu_hours DOUBLE CHECK (gpu_hours > 0),
    usd_stated DOUBLE CHECK (usd_stated > 0),
    mfu_stated_low DOUBLE CHECK (mfu_stated_low > 0 AND mfu_stated_low <= 1),
    mfu_stated_high DOUBLE CHECK (mfu_stated_high > 0 AND mfu_stated_high <= 1),
    verified BOOLEAN NOT NULL,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    CHECK (gpu_hours IS NOT NULL OR mfu_stated_low IS NOT NULL),
    CHECK ((mfu_stated_low IS NULL) = (mfu_stated_high IS NULL)),
    CHECK (mfu_stated_low <= mfu_stated_high)
);
COMMENT ON TABLE training_runs IS 'Published pre-training runs: what was trained, on what, for how long';
COMMENT ON COLUMN training_runs.run_id IS '[-] key';
COMMENT ON COLUMN training_runs.name IS '[-] name of the model that was trained';
COMMENT ON COLUMN training_runs.model_id IS '[-] key of models; empty: not held there';
COMMENT ON COLUMN training_runs.published IS '[date] day of the publication';
COMMENT ON COLUMN training_runs.params_active_b IS '[1e9 parameters] active per token, as stated';
COMMENT ON COLUMN training_runs.tokens_b IS '[1e9 tokens] training tokens, all epochs';
COMMENT ON COLUMN training_runs.gpu_as_published IS '[-] the source''s name of the device';
COMMENT ON COLUMN training_runs.gpu_id IS '[-] key of gpus: the device, or the one with the same 16-bit peak';
COMMENT ON COLUMN training_runs.gpu_hours IS '[h] GPU-hours as stated; empty: only the MFU is stated';
COMMENT ON COLUMN training_runs.usd_stated IS '[USD] cost as stated; empty: not stated';
COMMENT ON COLUMN training_runs.mfu_stated_low IS '[0 to 1] lowest MFU that the source states, against the 16-bit peak; empty: not stated';
COMMENT ON COLUMN training_runs.mfu_stated_high IS '[0 to 1] highest MFU that the source states';
COMMENT ON COLUMN training_runs.verified IS '[-] the figures were read again in the source; false: from memory of it or from a page that quotes it';
COMMENT ON COLUMN training_runs.notes IS '[-] what the figures hold or leave out';
COMMENT ON COLUMN training_runs.source_id IS '[-] key of sources';
COMMENT ON COLUMN training_runs.locator IS '[-] where in the source';
COMMENT ON COLUMN training_runs.as_of IS '[date] day it was read';

CREATE TABLE tuning_prices (
    tuning_price_id VARCHAR PRIMARY KEY,
    provider VARCHAR NOT NULL,
    api_model VARCHAR NOT NULL,
    least_params_b DOUBLE CHECK (least_params_b >= 0),
    most_params_b DOUBLE CHECK (most_params_b > 0),
    method VARCHAR NOT NULL CHECK (method IN ('lora', 'full', 'not stated')),
    valid_from DATE NOT NULL,
    valid_from_kind VARCHAR NOT NULL CHECK (valid_from_kind IN ('published', 'catalogue', 'first-seen')),
    valid_to DATE,
    usd_per_mtok DECIMAL(18, 9) NOT NULL CHECK (usd_per_mtok > 0),
    serve_offer_id VARCHAR,
    verified BOOLEAN NOT NULL,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    CHECK (valid_to IS NULL OR valid_to > valid_from),
    CHECK ((least_params_b IS NULL) = (most_params_b IS NULL)),
    CHECK (least_params_b < most_params_b)
);
COMMENT ON TABLE tuning_prices IS 'What tuning through an API costs per training token';
COMMENT ON COLUMN tuning_prices.tuning_price_id IS '[-] key';
COMMENT ON COLUMN tuning_prices.provider IS '[-] who bills, as in api_prices where it is there';
COMMENT ON COLUMN tuning_prices.api_model IS '[-] the provider''s name of the model or of the class of models';
COMMENT ON COLUMN tuning_prices.least_params_b IS '[1e9 parameters] open models above this size; empty: one named model';
COMMENT ON COLUMN tuning_prices.most_params_b IS '[1e9 parameters] open models up to this size; empty: one named model';
COMMENT ON COLUMN tuning_prices.method IS '[-] what is trained';
COMMENT ON COLUMN tuning_prices.valid_from IS '[date] first day on which the price is known to hold';
COMMENT ON COLUMN tuning_prices.valid_from_kind IS '[-] how that day is known';
COMMENT ON COLUMN tuning_prices.valid_to IS '[date] first day on which it no longer holds; empty: not known to have ended';
COMMENT ON COLUMN tuning_prices.usd_per_mtok IS '[USD per 1e6 training tokens] every epoch counts';
COMMENT ON COLUMN tuning_prices.serve_offer_id IS '[-] offer of api_prices that serves the tuned model; empty: billed as the base model, or by the hour';
COMMENT ON COLUMN tuning_prices.verified IS '[-] read in the provider''s own page; false: from pages that quote it';
COMMENT ON COLUMN tuning_prices.notes IS '[-] what the price leaves out';
COMMENT ON COLUMN tuning_prices.source_id IS '[-] key of sources';
COMMENT ON COLUMN tuning_prices.locator IS '[-] where in the source';
COMMENT ON COLUMN tuning_prices.as_of IS '[date] day it was read';

CREATE TABLE node_links (
    gpu_id VARCHAR PRIMARY KEY REFERENCES gpus (gpu_id),
    network_gb_s_unidirectional DOUBLE NOT NULL CHECK (network_gb_s_unidirectional > 0),
    most_gpus INTEGER NOT NULL CHECK (most_gpus > 1),
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL
);
COMMENT ON TABLE node_links IS 'Networks that join nodes of a GPU beyond its own link; without a row nothing larger than the link can be computed';
COMMENT ON COLUMN node_links.gpu_id IS '[-] key of gpus';
COMMENT ON COLUMN node_links.network_gb_s_unidirectional IS '[GB/s] network of one GPU in one direction';
COMMENT ON COLUMN node_links.most_gpus IS '[-] most GPUs of one worker that are computed over it';
COMMENT ON COLUMN node_links.notes IS '[-] what is assumed';
COMMENT ON COLUMN node_links.source_id IS '[-] key of sources';
COMMENT ON COLUMN node_links.locator IS '[-] where in the source';
COMMENT ON COLUMN node_links.as_of IS '[date] day the row was checked';

CREATE TABLE layouts (
    layout_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(layout_id, '[a-z0-9][a-z0-9._-]*')),
    engine VARCHAR NOT NULL,
    link VARCHAR NOT NULL CHECK (link IN ('node', 'rack', 'network')),
    exchange_latency_s DOUBLE NOT NULL CHECK (exchange_latency_s >= 0),
    exchange_share DOUBLE NOT NULL CHECK (exchange_share > 0 AND exchange_share <= 1),
    pool_read_factor DOUBLE NOT NULL CHECK (pool_read_factor > 0),
    pool_step_factor DOUBLE NOT NULL CHECK (pool_step_factor > 0),
    pool_step_s DOUBLE NOT NULL CHECK (pool_step_s >= 0),
    handover_s DOUBLE NOT NULL CHECK (handover_s >= 0),
    pool_queue_share DOUBLE NOT NULL CHECK (pool_queue_share >= 0 AND pool_queue_share <= 1),
    ttft_factor_low DOUBLE NOT NULL CHECK (ttft_factor_low > 0 AND ttft_factor_low <= 1),
    ttft_factor_high DOUBLE NOT NULL CHECK (ttft_factor_high >= 1),
    tpot_factor_low DOUBLE NOT NULL CHECK (tpot_factor_low > 0 AND tpot_factor_low <= 1),
    tpot_factor_high DOUBLE NOT NULL CHECK (tpot_factor_high >= 1),
    range_level DOUBLE NOT NULL CHECK (range_level > 0 AND range_level < 1),
    ttft_median_error DOUBLE CHECK (ttft_median_error >= 0),
    tpot_median_error DOUBLE CHECK (tpot_median_error >= 0),
    n_rows INTEGER NOT NULL CHECK (n_rows >= 0),
    method VARCHAR NOT NULL CHECK (method IN ('fitted', 'pooled', 'assumed')),
    fitted_on VARCHAR NOT NULL,
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    as_of DATE NOT NULL,
    UNIQUE (engine, link)
);
COMMENT ON TABLE layouts IS 'What ranks with attention of their own and separate pools add to an efficiency row; written by breakeven calibrate --layouts';
COMMENT ON COLUMN layouts.layout_id IS '[-] key';
COMMENT ON COLUMN layouts.engine IS '[-] serving engine; "pooled" for any other';
COMMENT ON COLUMN layouts.link IS '[-] what joins the GPUs: the links of a node, of a rack (more than 8 GPUs), or a network';
COMMENT ON COLUMN layouts.exchange_latency_s IS '[s] fixed time of one exchange of tokens between ranks; a layer needs two; also that of an all-reduce over a network';
COMMENT ON COLUMN layouts.exchange_share IS '[0 to 1] share of the link that an exchange reaches';
COMMENT ON COLUMN layouts.pool_read_factor IS '[-] time of a prefill in a pool of its own over that beside decodes';
COMMENT ON COLUMN layouts.pool_step_factor IS '[-] time of a decode step in a pool of its own over that beside prompts';
COMMENT ON COLUMN layouts.pool_step_s IS '[s] what such a step takes more, whatever its size';
COMMENT ON COLUMN layouts.handover_s IS '[s] time to hand a request from one pool to the other, the cache aside';
COMMENT ON COLUMN layouts.pool_queue_share IS '[0 to 1] share of the prompts of other clients that are read before one''s own';
COMMENT ON COLUMN layouts.ttft_factor_low IS '[-] measured over predicted TTFT, 10th percentile of rows that the fit did not see';
COMMENT ON COLUMN layouts.ttft_factor_high IS '[-] the same, 90th percentile';
COMMENT ON COLUMN layouts.tpot_factor_low IS '[-] measured over predicted TPOT, 10th percentile';
COMMENT ON COLUMN layouts.tpot_factor_high IS '[-] the same, 90th percentile';
COMMENT ON COLUMN layouts.range_level IS '[0 to 1] share of measured rows that each range is to hold';
COMMENT ON COLUMN layouts.ttft_median_error IS '[0 to 1] median absolute relative error of TTFT on rows that the fit did not see; empty: not measured';
COMMENT ON COLUMN layouts.tpot_median_error IS '[0 to 1] the same of TPOT';
COMMENT ON COLUMN layouts.n_rows IS '[-] measured rows used';
COMMENT ON COLUMN layouts.method IS '[-] how the row came about';
COMMENT ON COLUMN layouts.fitted_on IS '[-] which rows of layout_runs';
COMMENT ON COLUMN layouts.notes IS '[-] notes';
COMMENT ON COLUMN layouts.source_id IS '[-] key of sources';
COMMENT ON COLUMN layouts.as_of IS '[date] day of the fit';

CREATE TABLE layout_runs (
    run_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(run_id, 'l[0-9]{4}')),
    engine VARCHAR NOT NULL,
    engine_version VARCHAR,
    model_id VARCHAR NOT NULL REFERENCES models (model_id),
    gpu_id VARCHAR NOT NULL REFERENCES gpus (gpu_id),
    precision VARCHAR NOT NULL REFERENCES precisions (precision_id),
    prompt_tokens INTEGER NOT NULL CHECK (prompt_tokens > 0),
    completion_tokens INTEGER NOT NULL CHECK (completion_tokens > 0),
    length_share DOUBLE NOT NULL CHECK (length_share > 0 AND length_share <= 1),
    clients INTEGER NOT NULL CHECK (clients > 0),
    prefill_workers INTEGER CHECK (prefill_workers > 0),
    prefill_tensor INTEGER CHECK (prefill_tensor > 0),
    prefill_ranks INTEGER CHECK (prefill_ranks > 0),
    decode_workers INTEGER NOT NULL CHECK (decode_workers > 0),
    decode_tensor INTEGER NOT NULL CHECK (decode_tensor > 0),
    decode_ranks INTEGER NOT NULL CHECK (decode_ranks > 0),
    ttft_s DOUBLE NOT NULL CHECK (ttft_s > 0),
    tpot_s DOUBLE NOT NULL CHECK (tpot_s > 0),
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    CHECK ((prefill_workers IS NULL) = (prefill_ranks IS NULL)),
    CHECK ((prefill_workers IS NULL) = (prefill_tensor IS NULL))
);
COMMENT ON TABLE layout_runs IS 'Measured runs with attention in data parallel or with separate pools; each a closed loop of clients';
COMMENT ON COLUMN layout_runs.run_id IS '[-] key';
COMMENT ON COLUMN layout_runs.engine IS '[-] serving engine';
COMMENT ON COLUMN layout_runs.engine_version IS '[-] as the source writes it; of separate pools the version of the container, where it is that';
COMMENT ON COLUMN layout_runs.model_id IS '[-] key of models';
COMMENT ON COLUMN layout_runs.gpu_id IS '[-] key of gpus';
COMMENT ON COLUMN layout_runs.precision IS '[-] key of precisions';
COMMENT ON COLUMN layout_runs.prompt_tokens IS '[tokens] prompt of one request, as the run names it';
COMMENT ON COLUMN layout_runs.completion_tokens IS '[tokens] answer of one request, as the run names it';
COMMENT ON COLUMN layout_runs.length_share IS '[0 to 1] mean of the real lengths over those';
COMMENT ON COLUMN layout_runs.clients IS '[-] clients, each sending its next request when the last one is answered';
COMMENT ON COLUMN layout_runs.prefill_workers IS '[-] workers that only read prompts; empty: the same workers read and decode';
COMMENT ON COLUMN layout_runs.prefill_tensor IS '[-] GPUs of one rank of such a worker';
COMMENT ON COLUMN layout_runs.prefill_ranks IS '[-] ranks of such a worker, each with prompts of its own';
COMMENT ON COLUMN layout_runs.decode_workers IS '[-] workers that decode';
COMMENT ON COLUMN layout_runs.decode_tensor IS '[-] GPUs of one rank of such a worker';
COMMENT ON COLUMN layout_runs.decode_ranks IS '[-] ranks of such a worker, each with sequences of its own';
COMMENT ON COLUMN layout_runs.ttft_s IS '[s] mean time to the first token';
COMMENT ON COLUMN layout_runs.tpot_s IS '[s] mean time per output token after the first';
COMMENT ON COLUMN layout_runs.notes IS '[-] how the source was read';
COMMENT ON COLUMN layout_runs.source_id IS '[-] key of sources';
COMMENT ON COLUMN layout_runs.locator IS '[-] where in the source';
COMMENT ON COLUMN layout_runs.as_of IS '[date] day the row was read';

CREATE TABLE layout_errors (
    run_id VARCHAR NOT NULL REFERENCES layout_runs (run_id),
    quantity VARCHAR NOT NULL CHECK (quantity IN ('ttft', 'tpot', 'throughput')),
    in_sample DOUBLE NOT NULL CHECK (in_sample > 0),
    by_cell DOUBLE NOT NULL CHECK (by_cell > 0),
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    as_of DATE NOT NULL,
    PRIMARY KEY (run_id, quantity)
);
COMMENT ON TABLE layout_errors IS 'Predicted over measured of every run of layout_runs, with and without its cell in the fit; written by breakeven calibrate --layouts';
COMMENT ON COLUMN layout_errors.run_id IS '[-] key of layout_runs';
COMMENT ON COLUMN layout_errors.quantity IS '[-] time to the first token, time per output token, or requests per second';
COMMENT ON COLUMN layout_errors.in_sample IS '[-] predicted over measured by the shipped row of layouts';
COMMENT ON COLUMN layout_errors.by_cell IS '[-] by a fit that saw no run of the model on that GPU by that engine in that format and layout at those lengths';
COMMENT ON COLUMN layout_errors.source_id IS '[-] key of sources';
COMMENT ON COLUMN layout_errors.as_of IS '[date] day of the fit';

CREATE TABLE published_days (
    day_id VARCHAR PRIMARY KEY CHECK (regexp_full_match(day_id, '[a-z0-9][a-z0-9._-]*')),
    name VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL REFERENCES models (model_id),
    gpu_id VARCHAR NOT NULL REFERENCES gpus (gpu_id),
    engine VARCHAR,
    precision VARCHAR NOT NULL REFERENCES precisions (precision_id),
    kv_precision VARCHAR NOT NULL CHECK (kv_precision IN ('fp16', 'fp8', 'int8')),
    prompt_tokens INTEGER NOT NULL CHECK (prompt_tokens > 0),
    cached_tokens INTEGER NOT NULL CHECK (cached_tokens >= 0),
    completion_tokens INTEGER NOT NULL CHECK (completion_tokens > 0),
    prefill_ranks INTEGER NOT NULL CHECK (prefill_ranks > 0),
    decode_ranks INTEGER NOT NULL CHECK (decode_ranks > 0),
    tpot_s DOUBLE NOT NULL CHECK (tpot_s > 0),
    prompt_tokens_per_s_per_gpu DOUBLE NOT NULL CHECK (prompt_tokens_per_s_per_gpu > 0),
    completion_tokens_per_s_per_gpu DOUBLE NOT NULL CHECK (completion_tokens_per_s_per_gpu > 0),
    usd_per_gpu_hour DOUBLE NOT NULL CHECK (usd_per_gpu_hour > 0),
    prompt_tokens_total DOUBLE CHECK (prompt_tokens_total > 0),
    completion_tokens_total DOUBLE NOT NULL CHECK (completion_tokens_total > 0),
    usd_total DOUBLE NOT NULL CHECK (usd_total > 0),
    notes VARCHAR,
    source_id VARCHAR NOT NULL REFERENCES sources (source_id),
    locator VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    CHECK (cached_tokens < prompt_tokens)
);
COMMENT ON TABLE published_days IS 'What others published of a fleet with ranks and separate pools; never in a fit';
COMMENT ON COLUMN published_days.day_id IS '[-] key';
COMMENT ON COLUMN published_days.name IS '[-] whose it is';
COMMENT ON COLUMN published_days.model_id IS '[-] key of models';
COMMENT ON COLUMN published_days.gpu_id IS '[-] key of gpus';
COMMENT ON COLUMN published_days.engine IS '[-] engine whose rows are used; empty: their own, any is used';
COMMENT ON COLUMN published_days.precision IS '[-] key of precisions';
COMMENT ON COLUMN published_days.kv_precision IS '[-] number format of the cache';
COMMENT ON COLUMN published_days.prompt_tokens IS '[tokens] mean prompt of a request';
COMMENT ON COLUMN published_days.cached_tokens IS '[tokens] part of it that was found in a cache';
COMMENT ON COLUMN published_days.completion_tokens IS '[tokens] mean answer';
COMMENT ON COLUMN published_days.prefill_ranks IS '[-] GPUs of one worker that reads prompts, each a rank of its own';
COMMENT ON COLUMN published_days.decode_ranks IS '[-] GPUs of one worker that decodes, each a rank of its own';
COMMENT ON COLUMN published_days.tpot_s IS '[s] time per output token, as stated';
COMMENT ON COLUMN published_days.prompt_tokens_per_s_per_gpu IS '[tokens/s] prompt tokens, cached ones included, of one GPU that reads';
COMMENT ON COLUMN published_days.completion_tokens_per_s_per_gpu IS '[tokens/s] output tokens of one GPU that decodes';
COMMENT ON COLUMN published_days.usd_per_gpu_hour IS '[USD/h] rent of one GPU, as stated';
COMMENT ON COLUMN published_days.prompt_tokens_total IS '[tokens] prompt tokens that the dollars pay for; empty: they pay for the decoding alone';
COMMENT ON COLUMN published_days.completion_tokens_total IS '[tokens] output tokens that the dollars pay for';
COMMENT ON COLUMN published_days.usd_total IS '[USD] what they cost, as stated';
COMMENT ON COLUMN published_days.notes IS '[-] how lengths and times were read';
COMMENT ON COLUMN published_days.source_id IS '[-] key of sources';
COMMENT ON COLUMN published_days.locator IS '[-] where in the source';
COMMENT ON COLUMN published_days.as_of IS '[date] day the row was read';
