// SPDX-License-Identifier: Apache-2.0
/**
 * What every driver must do, as tests over real ports: each driver's test derives from {@link
 * ib.transport.conformance.HcaConformance}.
 */
package ib.transport.conformance;
