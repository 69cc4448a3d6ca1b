// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

/**
 * How an adapter behaves.
 *
 * @param busyEvery one of this many hypercalls is answered "long busy" first; 0 for none
 * @param busySeed seed of which
 * @param keySeed seed of the keys
 */
public record AdapterOptions(int busyEvery, long busySeed, long keySeed) {}
