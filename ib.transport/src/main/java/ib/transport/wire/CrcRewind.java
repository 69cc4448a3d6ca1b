// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import org.jspecify.annotations.Nullable;

/**
 * Runs the CRC-32 register backwards over zero bytes, in constant time per length.
 *
 * <p>One zero byte multiplies the register, seen as a polynomial over GF(2), by x^8 modulo the
 * CRC's polynomial; n bytes back multiply by x^(-8n). That is a linear map, kept per length as the
 * images of the 32 single bits. Lengths are multiples of four and bounded, so the cache is one
 * array; other or longer lengths are multiplied out each time.
 */
final class CrcRewind {
  /** The CRC-32 polynomial, reflected: bit 31 is x^0, bit 0 is x^31. */
  private static final int POLYNOMIAL = 0xEDB8_8320;

  private static final int ONE = 0x8000_0000;

  /** Covers a payload of 4096 bytes with the longest headers. */
  private static final int CACHED_BYTES = 4352;

  private final int[] @Nullable [] imagesByWord = new int[CACHED_BYTES / 4][];

  /** What the register was, {@code bytes} zero bytes before it was {@code register}. */
  int back(int register, int bytes) {
    if ((bytes & 3) != 0 || bytes < 0 || bytes >= CACHED_BYTES) {
      return multiply(register, inversePower(8L * bytes));
    }
    int[] images = imagesByWord[bytes / 4];
    if (images == null) {
      images = images(bytes);
      imagesByWord[bytes / 4] = images;
    }
    int result = 0;
    for (int bit = 0; bit < Integer.SIZE; bit++) {
      result ^= images[bit] & -((register >>> bit) & 1);
    }
    return result;
  }

  /** Index = bit number of the register. */
  private static int[] images(int bytes) {
    int[] images = new int[Integer.SIZE];
    int image = inversePower(8L * bytes);
    for (int bit = Integer.SIZE - 1; bit >= 0; bit--) {
      images[bit] = image;
      image = timesX(image);
    }
    return images;
  }

  private static int timesX(int a) {
    return (a >>> 1) ^ (POLYNOMIAL & -(a & 1));
  }

  /** x^(-exponent), by repeated squaring of x^(-1). */
  private static int inversePower(long exponent) {
    // x^(-1): the register that one step (times x) turns into one.
    int square = ((ONE ^ POLYNOMIAL) << 1) | 1;
    int result = ONE;
    for (long e = exponent; e != 0; e >>>= 1) {
      if ((e & 1) != 0) {
        result = multiply(result, square);
      }
      square = multiply(square, square);
    }
    return result;
  }

  private static int multiply(int a, int b) {
    int product = 0;
    int shifted = b;
    for (int mask = ONE; mask != 0; mask >>>= 1) {
      product ^= (a & mask) != 0 ? shifted : 0;
      shifted = timesX(shifted);
    }
    return product;
  }
}
