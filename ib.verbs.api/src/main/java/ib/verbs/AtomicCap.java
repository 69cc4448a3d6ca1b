// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** What atomic operations of a device are atomic to ({@code enum ibv_atomic_cap}). */
public enum AtomicCap {
  /** The device has no atomic operations. */
  NONE,
  /** To other operations of the same device. */
  HCA,
  /** To everything that reaches the memory. */
  GLOB
}
