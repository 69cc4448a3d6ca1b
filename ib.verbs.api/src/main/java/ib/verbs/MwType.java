// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** Type of a memory window ({@code enum ibv_mw_type}). */
public enum MwType {
  /**
   * Bound by {@link MemoryWindow#bind}, again and again; usable by every queue pair of its
   * protection domain.
   */
  TYPE_1,
  /**
   * Bound by a work request {@link WrOpcode#BIND_MW} to one queue pair (type 2B), which alone may
   * use it, until that is reset or closed; must be invalidated before it is bound again.
   */
  TYPE_2
}
