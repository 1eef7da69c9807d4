import type { GenericSchema } from 'valibot';
import type { ApiErrorCode } from '../../src/core/protocol.js';
import type { RouteHandler, ViewHandler } from '../context.js';

/** One route: its method and path, its handler, and its OpenAPI operation. */
export type Route = RouteDescription &
  ({ isOpenToVisitors?: false; handler: RouteHandler } | { isOpenToVisitors: true; handler: ViewHandler });

interface RouteDescription {
  method: 'GET' | 'POST' | 'DELETE';
  /** In Hono's syntax, below the path where the API is mounted. */
  path: string;
  /** Whether pages of other sites may show the response. */
  isEmbeddable?: boolean;
  operation: Operation;
}

/** The OpenAPI description of a route. */
export interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  /** Needs no session. */
  isPublic?: boolean;
  parameters?: object[];
  /** Schema of the request body. It is in `namedSchemas`. */
  requestBody?: GenericSchema;
  success: {
    status: number;
    description: string;
    /** Schema of the response body. It is in `namedSchemas`. */
    body?: GenericSchema;
    /** Response headers, where they differ from those of every response. */
    headers?: Record<string, object>;
  };
  /** Error codes of this operation, in addition to those of every operation. */
  errorCodes: ApiErrorCode[];
}
