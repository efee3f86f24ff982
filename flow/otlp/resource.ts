/** The Resource messages of what a host observes. */
import { AttributeWriter, attributeKey } from './attribute-writer.ts';

const hostKey = attributeKey('host.name');
const serviceKey = attributeKey('service.name');

/** A resource that is this host. */
export function hostResource(hostName: string): Uint8Array {
  const attributes = new AttributeWriter(1);
  attributes.text(hostKey, hostName);
  return attributes.out.take();
}

/** A service, as this host observed it. */
export function serviceResource(service: string, hostName: string): Uint8Array {
  const attributes = new AttributeWriter(1);
  attributes.text(serviceKey, service);
  attributes.text(hostKey, hostName);
  return attributes.out.take();
}
