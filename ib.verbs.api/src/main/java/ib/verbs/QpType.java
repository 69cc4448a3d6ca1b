// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** Service type of a queue pair ({@code enum ibv_qp_type}). */
public enum QpType {
  /** Reliable connection. */
  RC,
  /** Unreliable connection. */
  UC,
  /** Unreliable datagram. */
  UD
}
