import type { AvatarDatabase, QueryResult, SqlValue, Statement } from '../db/database.js';

/** A statement with the values of its parameters. */
export interface Query {
  sql: string;
  values: readonly SqlValue[];
}

/** Runs statements in order, as one transaction if there are several, and returns a result for each. */
export type RunQueries = (queries: readonly Query[]) => Promise<QueryResult[]>;

/** A database that runs its statements by a function. */
export function createDatabase(run: RunQueries): AvatarDatabase {
  return {
    prepare: (sql) => new PreparedStatement(run, { sql, values: [] }),
    batch: (statements) => run(statements.map((statement) => (statement as PreparedStatement).query)),
  };
}

class PreparedStatement implements Statement {
  readonly #run: RunQueries;

  constructor(
    run: RunQueries,
    readonly query: Query,
  ) {
    this.#run = run;
  }

  bind(...values: SqlValue[]): Statement {
    return new PreparedStatement(this.#run, { sql: this.query.sql, values });
  }

  async first<T>(column?: string): Promise<T | null> {
    const { results } = await this.all<Record<string, T> & T>();
    const [row] = results;
    if (!row) return null;
    return column === undefined ? row : (row[column] ?? null);
  }

  async all<T>(): Promise<QueryResult<T>> {
    const [result] = await this.#run([this.query]);
    // One query has one result.
    return result as QueryResult<T>;
  }

  run<T>(): Promise<QueryResult<T>> {
    return this.all<T>();
  }
}
