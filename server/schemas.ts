import { z } from 'zod';
import type { Avatar, ImageType } from '../src/core/protocol.js';

/** The schemas that the OpenAPI document lists by name. */
export const namedSchemas = z.registry<{ id: string }>();

/** The picture types that are stored. */
export const imageType = z.enum([
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
  'image/avif',
]) satisfies z.ZodType<ImageType>;

/** An integer greater than zero. */
const positiveInteger = z.number().positive().refine(Number.isInteger).meta({ type: 'integer' });

/** A time as ISO 8601 in UTC. */
export const timestamp = z.string().meta({ format: 'date-time' });

/** A presigned URL. */
export const secretUrl = (description: string) =>
  z.url().meta({ description: `${description} Keep it secret: anyone who has the URL can use it.` });

export const avatarSchema = z
  .object({
    key: z.string().meta({ description: 'Opaque name of the stored picture.' }),
    contentType: imageType,
    size: positiveInteger.meta({ description: 'Size of the stored file, in bytes.' }),
    width: positiveInteger.meta({ description: 'Width in pixels, as displayed.' }),
    height: positiveInteger.meta({ description: 'Height in pixels, as displayed.' }),
    createdAt: timestamp,
  })
  .register(namedSchemas, { id: 'Avatar' }) satisfies z.ZodType<Avatar>;
