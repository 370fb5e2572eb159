// DuckDB in the same worker, so that a query is a plain call for Python.
import { BROWSER_RUNTIME, VoidLogger, createDuckDB } from "@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs";

export async function openDuck(address) {
  const bundle = { mainModule: address, mainWorker: "" };
  const db = await createDuckDB({ mvp: bundle, eh: bundle }, new VoidLogger(), BROWSER_RUNTIME);
  await db.instantiate(() => {});
  db.open({});
  return {
    connect: () => db.connect()._conn,
    disconnect: (connection) => db.disconnect(connection),
    run: (connection, sql) => db.runQuery(connection, sql),
    insert: (connection, stream, name) => db.insertArrowFromIPCStream(connection, stream, { name, create: true }),
    addFile: (name, bytes) => db.registerFileBuffer(name, bytes),
    dropFile: (name) => db.dropFile(name),
  };
}
