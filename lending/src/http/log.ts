import type { DestinationStream, LoggerOptions } from 'pino'

/**
 * How the log is written: JSON lines, with the request's id, without addresses, queries, bodies, tokens or names.
 * A route is logged by its pattern, because a path carries card numbers.
 */
export function logOptions(
  level: string,
  stream?: DestinationStream,
): LoggerOptions & { stream?: DestinationStream } {
  return {
    level,
    ...(stream ? { stream } : {}),
    redact: {
      paths: [
        'authorization',
        'cookie',
        'password',
        'token',
        '*.authorization',
        '*.cookie',
        '*.password',
        '*.token',
      ],
      censor: 'removed',
    },
    serializers: {
      req: ({ method, id }: { method?: string; id?: string }) => ({ method, id }),
      res: ({ statusCode }: { statusCode?: number }) => ({ statusCode }),
      err: plainError,
    },
  }
}

/** How deep causes are followed. */
const causesMax = 5

/** An error without what PostgreSQL adds to it: `detail` and `where` quote the values of rows. */
function plainError(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { type: typeof error }
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof constraint === 'string' ? { constraint } : {}),
    stack: error.stack,
    ...(error.cause && depth < causesMax ? { cause: plainError(error.cause, depth + 1) } : {}),
  }
}
