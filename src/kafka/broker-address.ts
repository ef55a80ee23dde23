import { ProcessorError } from '../errors/processor-error.ts';

/** Where a broker listens. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[(?<bracketed>[\da-fA-F:.%]+)\]|(?<plain>[^\s:,/[\]]+)):(?<port>\d{1,5})$/;

/** `host:port`, an address of IPv6 in brackets. */
export function addressText({ host, port }: BrokerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The brokers of a list such as `a:9092, b:9092`, each once.
 *
 * @throws ProcessorError CONFIG_INVALID where one is not `host:port`, or there is none.
 */
export function parseBrokerAddresses(list: string): BrokerAddress[] {
  const addresses = new Map<string, BrokerAddress>();
  for (const entry of list.split(',')) {
    const { bracketed, plain, port } = ADDRESS.exec(entry.trim())?.groups ?? {};
    const host = bracketed ?? plain;
    const number = Number(port);
    if (host === undefined || number < 1 || number > 65_535) {
      throw new ProcessorError(
        'configuration',
        'CONFIG_INVALID',
        `bootstrap servers: expected host:port, several joined by commas, such as "localhost:9092", found "${entry.trim()}"`,
        { path: 'bootstrapServers' },
      );
    }
    const address = { host, port: number };
    addresses.set(addressText(address), address);
  }
  return [...addresses.values()];
}
