import * as v from 'valibot';
import type { Avatar, ImageType } from '../src/core/protocol.js';

/** The schemas that the OpenAPI document lists by name, with their names. */
export const namedSchemas = new Map<v.GenericSchema, string>();

/** Gives a schema a name, under which the OpenAPI document lists it. */
export function nameSchema<S extends v.GenericSchema>(name: string, schema: S): S {
  namedSchemas.set(schema, name);
  return schema;
}

/** The picture types that are stored. */
export const imageType = v.picklist([
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
]) satisfies v.GenericSchema<ImageType>;

/** An integer greater than zero. */
const positiveInteger = (description: string) =>
  v.pipe(v.number(), v.integer(), v.gtValue(0), v.description(description));

/** A time as ISO 8601 in UTC. */
export const timestamp = v.pipe(v.string(), v.isoTimestamp());

/** A presigned URL. */
export const secretUrl = (description: string) =>
  v.pipe(v.string(), v.url(), v.description(`${description} Keep it secret: anyone who has the URL can use it.`));

/** The fields that lead to a picture. */
export const pictureUrlEntries = {
  url: v.pipe(
    v.string(),
    v.url(),
    v.description('Shows the picture. With `expiresAt`, keep it secret: anyone who has the URL can use it.'),
  ),
  expiresAt: v.exactOptional(
    v.pipe(timestamp, v.description('When the URL expires. A URL without it is permanent and public.')),
  ),
};

/** The value `true`. */
export const literalTrue = v.pipe(v.literal(true), v.metadata({ type: 'boolean' }));

export const avatarSchema = nameSchema(
  'Avatar',
  v.object({
    key: v.pipe(v.string(), v.description('Opaque name of the stored picture.')),
    contentType: imageType,
    size: positiveInteger('Size of the stored file, in bytes.'),
    width: positiveInteger('Width in pixels, as displayed.'),
    height: positiveInteger('Height in pixels, as displayed.'),
    createdAt: timestamp,
  }),
) satisfies v.GenericSchema<Avatar>;
