/** Begins a session with e-mail address and password. What an earlier person has loaded is for the page around the form to forget. */
import { useMutation } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export interface SignInInput {
  email: string;
  password: string;
  rememberMe: boolean;
}

export const useSignIn = () => useMutation({ mutationFn: (input: SignInInput) => client.session.signIn(input) });

/** The second step of a sign-in, where the password was not all. */
export const useSecondStep = () =>
  useMutation({ mutationFn: (proof: { code: string } | { recoveryCode: string }) => client.session.secondStep(proof) });
