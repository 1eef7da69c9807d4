type FeaturePolicy = { featurePolicy?: { allowsFeature(name: string): boolean } };

/** Whether the Permissions-Policy of the page allows the camera, as far as the browser says: only Chromium does. */
export const isCameraAllowed = (): boolean =>
  (document as Document & FeaturePolicy).featurePolicy?.allowsFeature('camera') !== false;
