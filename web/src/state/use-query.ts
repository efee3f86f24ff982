/** Loads data for a component: cancels what is no longer wanted, keeps the old answer on screen until the new one is there. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/client.ts';

export interface Loading<T> {
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
}

/** Loads again whenever `key` changes; a null key loads nothing. */
export function useQuery<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>): Loading<T> {
  const [state, setState] = useState<Loading<T>>({ data: undefined, error: undefined, loading: key !== null });
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === null) {
      setState({ data: undefined, error: undefined, loading: false });
      return;
    }
    const control = new AbortController();
    setState((before) => ({ ...before, loading: true }));
    latest.current(control.signal).then(
      (data) => {
        if (!control.signal.aborted) setState({ data, error: undefined, loading: false });
      },
      (error: unknown) => {
        if (!control.signal.aborted) setState({ data: undefined, error: asApiError(error), loading: false });
      },
    );
    return () => control.abort();
  }, [key]);
  return state;
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError('PAGE_ERROR', String(error), 0);
}
