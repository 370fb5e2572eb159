-- The printed columns of the 2023 appendix beside what was measured.
-- Parameters: none
-- Returns: the columns of sanger_appendix, the lengths, batch and times [s] of benchmarks; one row per run
SELECT
    sanger_appendix.*,
    benchmarks.gpu_count,
    benchmarks.prompt_tokens,
    benchmarks.completion_tokens,
    benchmarks.batch_size,
    benchmarks.ttft_s AS measured_ttft_s,
    benchmarks.completion_s AS measured_completion_s
FROM sanger_appendix
JOIN benchmarks USING (benchmark_id)
ORDER BY benchmark_id
