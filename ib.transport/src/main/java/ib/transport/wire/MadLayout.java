// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The fields of one kind of management datagram, in order. The classes {@link Mad}, {@link CmReq}
 * and so on are such layouts with a constant per field.
 */
public final class MadLayout {
  private final String name;
  private final int attributeId;
  private final int base;
  private final List<MadField> fields = new ArrayList<>();
  private final List<MadBytes> blocks = new ArrayList<>();

  MadLayout(String name, int attributeId, int base) {
    this.name = name;
    this.attributeId = attributeId;
    this.base = base;
  }

  /**
   * A field of {@code bits} bits whose first bit is {@code bitsFromTop} after byte {@code offset}'s
   * top.
   */
  MadField field(String fieldName, int offset, int bitsFromTop, int bits) {
    MadField field = new MadField(fieldName, (base + offset) * 8 + bitsFromTop, bits);
    fields.add(field);
    return field;
  }

  MadBytes bytes(String blockName, int offset, int length) {
    MadBytes block = new MadBytes(blockName, base + offset, length);
    blocks.add(block);
    return block;
  }

  /** The message's name, such as {@code REQ}. */
  public String name() {
    return name;
  }

  /** The attribute id of the message, 0 for the header itself. */
  public int attributeId() {
    return attributeId;
  }

  /** The numeric fields. */
  public List<MadField> fields() {
    return Collections.unmodifiableList(fields);
  }

  /** The blocks of bytes. */
  public List<MadBytes> blocks() {
    return Collections.unmodifiableList(blocks);
  }

  /**
   * Decodes all fields of one MAD to values and encodes these into another. What no field covers,
   * such as reserved bits, is not carried over.
   */
  public void copyFields(MemorySegment from, long fromOff, MemorySegment to, long toOff) {
    for (MadField field : fields) {
      field.set(to, toOff, field.get(from, fromOff));
    }
    for (MadBytes block : blocks) {
      block.set(to, toOff, block.get(from, fromOff));
    }
  }
}
