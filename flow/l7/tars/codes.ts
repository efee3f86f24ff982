/** Return codes of the Tars framework (BaseF.tars); positive ones are the service's own. */

const names: Readonly<Record<number, string>> = {
  0: 'TARSSERVERSUCCESS',
  [-1]: 'TARSSERVERDECODEERR',
  [-2]: 'TARSSERVERENCODEERR',
  [-3]: 'TARSSERVERNOFUNCERR',
  [-4]: 'TARSSERVERNOSERVANTERR',
  [-5]: 'TARSSERVERRESETGRID',
  [-6]: 'TARSSERVERQUEUETIMEOUT',
  [-7]: 'TARSINVOKETIMEOUT',
  [-8]: 'TARSPROXYCONNECTERR',
  [-9]: 'TARSSERVEROVERLOAD',
  [-10]: 'TARSADAPTERNULL',
  [-11]: 'TARSINVOKEBYINVALIDESET',
  [-12]: 'TARSCLIENTDECODEERR',
  [-13]: 'TARSSENDREQUESTERR',
  [-99]: 'TARSSERVERUNKNOWNERR',
};

/** Codes that the client's side of the framework makes. */
export const clientFaults: ReadonlySet<number> = new Set([-10, -11, -12, -13]);

export function codeName(code: number): string {
  return names[code] ?? String(code);
}
