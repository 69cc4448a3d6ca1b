// SPDX-License-Identifier: Apache-2.0
/**
 * What every driver must do, as tests over real ports: each driver has a test for each class here
 * whose name ends in {@code Conformance}.
 */
package ib.transport.conformance;
