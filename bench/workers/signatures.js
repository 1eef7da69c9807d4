/** Runs in workerd: signs PUTs one after the other, with the server's code or with the AWS SDK. */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl, S3RequestPresigner } from '@aws-sdk/s3-request-presigner';
import { encodeUtf8, importHmacKey, signHmac } from '../../server/storage/hmac.js';
import { presignPut } from '../../server/storage/presign.js';
import { verifySignature } from '../../test/server/sigv4.js';

// What all signers sign.

const credentials = { accessKeyId: 'bench-access-key', secretAccessKey: 'bench-secret-key' };
const host = 'account.r2.test';
const bucket = 'flare-avatars';
const seconds = 120;
const headers = {
  'content-type': 'image/webp',
  'content-length': '31000',
  'if-none-match': '*',
  'x-amz-checksum-sha256': '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
};

const bucketUrl = `https://${host}/${bucket}`;
const client = new S3Client({
  region: 'auto',
  endpoint: `https://${host}`,
  forcePathStyle: true,
  credentials,
  requestChecksumCalculation: 'WHEN_REQUIRED',
});
const presigner = new S3RequestPresigner({ region: 'auto', credentials, sha256: client.config.sha256 });
/** Options that make the AWS SDK sign the content type and the digest as headers. */
const createAwsOptions = () => ({
  expiresIn: seconds,
  signableHeaders: new Set(['content-type']),
  unhoistableHeaders: new Set(['x-amz-checksum-sha256']),
});
const floorKey = importHmacKey(encodeUtf8('x'.repeat(32)));

const signers = {
  ours: async (key) => (await presignPut({ pendingBucketUrl: bucketUrl, ...credentials }, key, headers, seconds)).url,
  /** As in the documentation of the AWS SDK. */
  getSignedUrl: (key) =>
    getSignedUrl(
      client,
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        ContentType: headers['content-type'],
        ContentLength: Number(headers['content-length']),
        IfNoneMatch: headers['if-none-match'],
        ChecksumSHA256: headers['x-amz-checksum-sha256'],
      }),
      createAwsOptions(),
    ),
  /** The same without the client. */
  S3RequestPresigner: async (key) => {
    const request = { protocol: 'https:', method: 'PUT', hostname: host, path: `/${bucket}/${key}` };
    const { path, query } = await presigner.presign(
      { ...request, query: {}, headers: { ...headers } },
      createAwsOptions(),
    );
    return `https://${host}${path}?${new URLSearchParams(query)}`;
  },
  /** Only the cryptography, for the same number of bytes. */
  floor: async (key) => {
    await crypto.subtle.digest('SHA-256', encodeUtf8(key.padEnd(550)));
    await signHmac(await floorKey, key.padEnd(140));
    return '';
  },
};

/** Whether a URL is valid for these headers, and for no other content type. */
async function isValid(url) {
  const changed = { ...headers, 'content-type': 'text/html' };
  return (
    (await verifySignature('PUT', url, headers, credentials)) &&
    !(await verifySignature('PUT', url, changed, credentials))
  );
}

export default {
  async fetch(request) {
    const { signer, count } = await request.json();
    let url = '';
    for (let i = 0; i < count; i++) url = await signers[signer](`pending/0123456789abcdef0123456789abcdef/${i}`);
    return Response.json({ url, isValid: url !== '' && (await isValid(url)) });
  },
};
