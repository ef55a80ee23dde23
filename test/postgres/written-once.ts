import type { PostgresServer } from '../servers/postgres-server.ts';

/** Notes each time that a row of a table is written or removed, in the transaction that does it. */
export async function watchWrites(server: PostgresServer, table: string): Promise<void> {
  await server.query(
    `CREATE TABLE ${table}_writes (what text, id text);
     CREATE FUNCTION ${table}_note() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN INSERT INTO ${table}_writes VALUES (TG_OP, CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END); RETURN NULL; END $$;
     CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION ${table}_note()`,
  );
}

/** The writes that were made more than once. */
export async function writtenAgain(server: PostgresServer, table: string): Promise<readonly string[]> {
  const again = await server.query<{ write: string }>(
    `SELECT what || ' ' || id AS write FROM ${table}_writes GROUP BY what, id HAVING count(*) > 1 ORDER BY 1`,
  );
  return again.map(({ write }) => write);
}
