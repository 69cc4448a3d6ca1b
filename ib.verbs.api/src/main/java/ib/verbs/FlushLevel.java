// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** How much a FLUSH covers ({@code enum ib_selectivity_level}; annex A19, FETH). */
public enum FlushLevel {
  /** The range that the request names. */
  RANGE,
  /** The whole region of its key. */
  MR
}
