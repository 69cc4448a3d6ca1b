// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** What a FLUSH asks for, a bit set ({@code enum ib_placement_type}; annex A19, FETH). */
public final class FlushPlacement {
  /** What was written is visible to everybody who reads the memory. */
  public static final int GLOBAL = 1;

  /** What was written survives a loss of power. */
  public static final int PERSISTENT = 1 << 1;

  private FlushPlacement() {}
}
