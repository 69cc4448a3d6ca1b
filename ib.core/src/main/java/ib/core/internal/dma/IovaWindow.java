// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.DmaMemoryPool;

/**
 * Where in the bus addresses of a device an address space lies.
 *
 * <p>Successive spaces lie at different places, so that an address of one attachment or device
 * means nothing to the next, and where the mask allows it beyond every address of user space, so
 * that no DMA address can be taken for a pointer.
 *
 * @param base first address, a multiple of the size
 * @param pages a power of two, at least 64
 * @param firstPage where allocation begins; differs too, as narrow masks have few places
 */
record IovaWindow(long base, int pages, int firstPage) {
  /** Bits of the narrowest mask that leaves room for a space. */
  static final int MIN_MASK_BITS = 20;

  /** 8 GiB: a million mappings of a page, and as many addresses at rest. */
  private static final int MAX_PAGES = 1 << 21;

  private static final int PLACES_BITS = 2;

  /**
   * User space ends at 2<sup>47</sup> (x86-64) or 2<sup>48</sup>; process images lie high in it.
   */
  private static final int BEYOND_USER_BITS = 49;

  private static final int LOW_BITS = 40;
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  /**
   * Chooses the place.
   *
   * @param mask contiguous low bits, at least {@link #MIN_MASK_BITS}
   * @param number of the attachment, from 1
   */
  static IovaWindow of(long mask, long number) {
    int maskBits = Long.SIZE - Long.numberOfLeadingZeros(mask);
    // The sign bit stays clear: distances stay positive, and the error value is out of reach.
    int bits = Math.min(maskBits, Long.SIZE - 1);
    boolean beyondUser = bits >= BEYOND_USER_BITS;
    int spaceBits = beyondUser ? bits - 1 : Math.min(bits, LOW_BITS);
    int pageBits = Long.numberOfTrailingZeros(DmaMemoryPool.PAGE_SIZE);
    int pages = (int) Math.min(MAX_PAGES, 1L << (spaceBits - PLACES_BITS - pageBits));
    long sizeBytes = (long) pages * DmaMemoryPool.PAGE_SIZE;
    long places = (1L << spaceBits) / sizeBytes;
    // Place 0 stays empty: 0 is an address that only an error makes.
    long place = 1 + Math.floorMod(number - 1, places - 1);
    long bottom = beyondUser ? 1L << spaceBits : 0;
    int firstPage = (int) (((number * GOLDEN) >>> 32) % pages);
    return new IovaWindow(bottom + place * sizeBytes, pages, firstPage);
  }

  /**
   * Chooses the place of bounce slots: in the lower half of what the mask reaches, as the upper is
   * that of {@link #linearBase}.
   *
   * @param mask contiguous low bits, at least {@link #MIN_MASK_BITS}
   * @param number of the attachment, from 1
   * @param areaBytes wanted, a power of two, at least 64 pages; less if a quarter of the mask is
   */
  static IovaWindow ofBounce(long mask, long number, long areaBytes) {
    int bits = addressBits(mask);
    long half = 1L << (bits - 1);
    long size = Math.min(areaBytes, half / 2);
    long bottom = bits > BEYOND_USER_BITS ? half / 2 : 0;
    long places = (half - bottom) / size;
    // Place 0 stays empty: 0 is an address that only an error makes.
    long place = 1 + Math.floorMod(number - 1, places - 1);
    int pages = Math.toIntExact(size / DmaMemoryPool.PAGE_SIZE);
    int firstPage = (int) (((number * GOLDEN) >>> 32) % pages);
    return new IovaWindow(bottom + place * size, pages, firstPage);
  }

  private static int addressBits(long mask) {
    return Math.min(Long.SIZE - Long.numberOfLeadingZeros(mask), Long.SIZE - 1);
  }

  /**
   * Bus address of the pool's first byte, if none is configured: the upper half of what the mask
   * reaches, moved on with each attachment as far as there is room.
   *
   * @param mask contiguous low bits
   * @param number of the attachment, from 1
   */
  static long linearBase(long mask, long number) {
    int bits = addressBits(mask);
    long half = 1L << (bits - 1);
    long step = bits > BEYOND_USER_BITS ? 1L << LOW_BITS : HostMemoryPool.MAX_ALIGNMENT;
    // Narrow: a 16th of the half at most, the rest is for the pool.
    long places = Math.clamp(half / 16 / step, 1, 256);
    return half + (number % places) * step;
  }

  long sizeBytes() {
    return (long) pages * DmaMemoryPool.PAGE_SIZE;
  }
}
